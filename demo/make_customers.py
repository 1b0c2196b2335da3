"""Make the data of the demo project `customers`: one set of people as three systems know them.

A CRM, a webshop and a support desk know the same customers, each in its own way: other keys, other
formats, typing errors, duplicates, gaps. All of it is made up, from a fixed seed: the committed
files are what this script writes. E-mail domains are reserved for examples, phone numbers are those
that the regulators of the three countries keep free for films and books.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TARGET = Path(__file__).parent / "customers" / "data"
SEED = 360
PEOPLE = 720
COMPANIES = 64
ORDERS = 1_150
TICKETS = 640
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NEW_SHOP = datetime(2024, 6, 1, tzinfo=UTC)

FIRST = {
    "GB": "Siân Zoë Oliver Amelia Harry Niamh Jack Isla Rhys Fiona Callum Freya Aoife Dylan Eilidh "
    "Thomas Charlotte Owen Bronwyn George",
    "FR": "Élodie Chloé Benoît François Hélène Léa Jérôme Maëlle Loïc Anaïs Gaël Noémie Rémi Inès "
    "Cédric Aurélie Théo Clémence Raphaël Zoé",
    "SE": "Åsa Björn Sören Märta Göran Ebba Håkan Linnéa Örjan Saga Åke Maja Jörgen Elin Östen "
    "Alva Pär Tuva Rasmus Ylva",
}
LAST = {
    "GB": "O'Connor Smith-Jones MacLeod Hughes Bennett Okafor Campbell Patel Fraser Whitaker "
    "Ó Briain Davies Kowalski Armstrong Llewellyn Singh Barrett Marsh",
    "FR": "Lefèvre Moreau Béranger Dupré Gauthier d'Aubigné Lemaître Fournier Chevalier Nguyễn "
    "Rousseau Étienne Girard Blanchard Marchand Perrot Vasseur Benoît",
    "SE": "Lindqvist Öberg Sjöström Håkansson Nyström Åkerlund Bergström Löfgren Ekström Hägg "
    "Söderberg Wallin Forsberg Lundmark Åström Engdahl Nordén Vikström",
}
CITIES = {
    "GB": ("Leeds", "Cardiff", "Inverness", "Bristol", "York"),
    "FR": ("Grenoble", "Annecy", "Saint-Étienne", "Orléans", "Besançon"),
    "SE": ("Malmö", "Östersund", "Gävle", "Örebro", "Umeå"),
}
STREETS = {
    "GB": ("Mill Lane", "Station Road", "Castle Street", "High Street"),
    "FR": ("rue des Écoles", "avenue de la Gare", "place du Marché", "quai Saint-Hélène"),
    "SE": ("Storgatan", "Kyrkogatan", "Järnvägsgatan", "Östra Vägen"),
}
WORDS = ("Summit", "Fjord", "Alpine", "Harbour", "Nordic", "Ridge", "Lac Bleu", "Polar", "Granit")
TRADES = {
    "GB": ("Outfitters Ltd", "Guides LLP", "Expeditions Ltd", "Sports Ltd"),
    "FR": ("Randonnée SARL", "Escalade SAS", "Sports SA", "Guides SARL"),
    "SE": ("Friluft AB", "Äventyr AB", "Sport AB", "Uthyrning AB"),
}
CURRENCY = {"GB": "GBP", "FR": "EUR", "SE": "SEK"}
LANGUAGE = {"GB": "en", "FR": "fr", "SE": "sv"}
RATE = {"GBP": 0.86, "EUR": 1.0, "SEK": 11.2}
GOODS = (
    ("TENT-2P", "Two-person tent", 289),
    ("TENT-4P", "Family tent", 549),
    ("BAG-WINTER", "Winter sleeping bag", 219),
    ("BOOT-HIKE", "Hiking boots", 179),
    ("JACKET-3L", "Three-layer jacket", 329),
    ("STOVE-GAS", "Gas stove", 69),
    ("ROPE-60", "Climbing rope, 60 m", 149),
    ("LAMP-HEAD", "Head lamp", 45),
    ("SOCK-WOOL", "Wool socks", 19),
    ("SKI-TOUR", "Touring skis", 619),
)
TOPICS = (
    "delivery is late",
    "wrong size",
    "refund",
    "damaged item",
    "invoice",
    "warranty",
    "login",
)
ASCII = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "'": "", " ": "", "-": ""})


@dataclass
class Person:
    """One human being, as they are; what the systems know of them is worse."""

    number: int
    country: str
    first: str
    last: str
    email: str
    mobile: str
    company: Company | None = None
    work_email: str = ""
    accounts: list[str] = field(default_factory=list)
    requesters: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class Company:
    """A business customer, with the switchboard that all of its people answer."""

    number: str
    country: str
    name: str
    phone: str
    street: str
    city: str
    changed: datetime

    @property
    def domain(self) -> str:
        return f"{slug(self.name.rsplit(' ', 1)[0])}.example"


def slug(text: str) -> str:
    """Text as it may stand in an e-mail address."""
    lowered = text.lower().translate(ASCII)
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()
    return plain.replace(" ", "")


class Maker:
    """Makes people and what three systems know of them, from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same data each time is what is wanted
        self.companies = self._companies()
        self.people = self._people()

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def moment(self, start: datetime, end: datetime = NOW) -> datetime:
        """A second between two times, in the hours when shops are awake."""
        span = int((end - start).total_seconds())
        found = start + timedelta(seconds=self.rng.randrange(span))
        return found.replace(hour=7 + found.hour % 15)

    # ---- the truth -------------------------------------------------------------------------------

    def _companies(self) -> list[Company]:
        found = []
        names = [(word, country) for country in TRADES for word in WORDS]
        self.rng.shuffle(names)
        for position in range(COMPANIES):
            word, country = names[position % len(names)]
            trade = TRADES[country][(len(word) + position // len(names)) % len(TRADES[country])]
            found.append(
                Company(
                    f"C{2001 + position}",
                    country,
                    f"{word} {trade}",
                    {
                        "GB": f"020 7946 0{position:03}",
                        "FR": f"01 99 00 {position // 100:02} {position % 100:02}",
                        "SE": f"08-465 004 {position:02}",
                    }[country],
                    f"{self.rng.randrange(1, 120)} {self.rng.choice(STREETS[country])}",
                    self.rng.choice(CITIES[country]),
                    self.moment(datetime(2021, 1, 1, tzinfo=UTC)),
                )
            )
        return found

    def _people(self) -> list[Person]:
        countries = ["GB"] * 330 + ["FR"] * (PEOPLE - 330 - 90) + ["SE"] * 90
        pairs = {
            country: [(a, b) for a in FIRST[country].split() for b in _last_names(country)]
            for country in FIRST
        }
        for listed in pairs.values():
            self.rng.shuffle(listed)
        people, counts = [], dict.fromkeys(FIRST, 0)
        for number, country in enumerate(self.rng.sample(countries, len(countries))):
            first, last = pairs[country][counts[country]]
            mobile = _mobile(country, counts[country])
            counts[country] += 1
            domain = self.rng.choice(["post.example", "mail.example", "example.org", "example.com"])
            email = f"{slug(first)}.{slug(last)}@{domain}"
            person = Person(number, country, first, last, email, mobile)
            if self.chance(0.35):
                local = [c for c in self.companies if c.country == country]
                person.company = self.rng.choice(local)
                person.work_email = f"{slug(first)[0]}.{slug(last)}@{person.company.domain}"
            people.append(person)
        return people

    # ---- how people write ------------------------------------------------------------------------

    def phone(self, person: Person) -> str:
        """A mobile number in one of the notations that people use."""
        national, code = person.mobile, {"GB": "44", "FR": "33", "SE": "46"}[person.country]
        digits = national.replace(" ", "").replace("-", "")[1:]
        return self.rng.choice(
            [
                national,
                national.replace(" ", "").replace("-", ""),
                f"+{code} {digits}",
                f"+{code}{digits}",
                f"00{code} {digits[:4]} {digits[4:]}",
                f"(+{code}) {digits[:3]}-{digits[3:]}",
            ]
        )

    def typo(self, text: str) -> str:
        """An address with one slip of the fingers."""
        local, _, domain = text.partition("@")
        spot = self.rng.randrange(1, len(local) - 1)
        slips = (
            f"{local[:spot]}{local[spot + 1 :]}@{domain}",
            f"{local[:spot]}{local[spot]}{local[spot:]}@{domain}",
            f"{local}@{domain.replace('example', 'exmaple')}",
        )
        return self.rng.choice(slips)

    # ---- the CRM ---------------------------------------------------------------------------------

    def crm(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Contacts and companies, as a tired sales department keeps them."""
        known = [p for p in self.people if p.company is not None or self.chance(0.5)]
        rows = [self._contact(person) for person in known]
        for person in self.rng.sample(known, 24):
            row = self._contact(person)
            row["first_name"] = row["first_name"][0] + "."
            row["changed"] = f"{self.rng.randrange(1, 28):02}.0{self.rng.randrange(1, 10)}.2020"
            rows.append(row)
        self.rng.shuffle(rows)
        for position, row in enumerate(rows):
            row["contact_no"] = str(10_001 + position)
        companies = [
            {
                "company_no": c.number,
                "name": c.name,
                "street": c.street,
                "city": c.city,
                "country": c.country,
                "phone": c.phone,
                "changed": f"{c.changed:%d.%m.%Y}",
            }
            for c in self.companies
        ]
        return rows, companies

    def _contact(self, person: Person) -> dict[str, Any]:
        email = person.work_email if person.work_email and self.chance(0.5) else person.email
        written = self.rng.choice([email, email, email, email.title(), email.upper(), f" {email}"])
        company = person.company
        # Whoever has a company is often only known by its switchboard.
        shared = company is not None and self.chance(0.4)
        phone = company.phone if company is not None and shared else self.phone(person)
        segment = "private" if company is None else self.rng.choice(["business", "key account"])
        return {
            "contact_no": "",
            "first_name": person.first,
            "last_name": person.last.upper() if self.chance(0.06) else person.last,
            "email": "" if self.chance(0.12) else written,
            "phone": "" if self.chance(0.08) else phone,
            "country": person.country,
            "company_no": company.number if company else "",
            "segment": segment,
            "status": "deleted" if self.chance(0.04) else "active",
            "changed": f"{self.moment(datetime(2021, 1, 1, tzinfo=UTC)):%d.%m.%Y}",
        }

    # ---- the webshop -----------------------------------------------------------------------------

    def webshop(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Accounts, as their owners type them, and orders with their lines."""
        buyers = [p for p in self.people if self.chance(0.74)]
        accounts = []
        for position, person in enumerate(buyers):
            accounts.append(self._account(person, f"W-{30_001 + 7 * position}"))
        for position, person in enumerate(self.rng.sample(buyers, 18)):
            # Forgot the password, made another account.
            accounts.append(self._account(person, f"W-{38_001 + 3 * position}"))
        weighted = [p for p in buyers for _ in range(1 + int(self.rng.expovariate(0.6)))]
        orders = []
        for position in range(ORDERS):
            person = self.rng.choice(weighted)
            placed = self.moment(datetime(2024, 2, 1, tzinfo=UTC))
            orders.append((placed, person, position))
        orders.sort(key=lambda item: (item[0], item[2]))
        made = [
            self._order(f"O-{50_001 + i}", person, placed)
            for i, (placed, person, _) in enumerate(orders)
        ]
        return accounts, made

    def _account(self, person: Person, account: str) -> dict[str, Any]:
        person.accounts.append(account)
        created = self.moment(datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC))
        found: dict[str, Any] = {
            "_id": account,
            "name": person.name.lower() if self.chance(0.07) else person.name,
            "mail": person.email,
            "country": person.country,
            "newsletter": self.chance(0.45),
            "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "updated": f"{self.moment(created):%Y-%m-%dT%H:%M:%SZ}",
        }
        if self.chance(0.7):
            found["mobile"] = self.phone(person)
        return found

    def _order(self, number: str, person: Person, placed: datetime) -> dict[str, Any]:
        currency = CURRENCY[person.country]
        lines: list[dict[str, Any]] = []
        for _ in range(self.rng.choice([1, 1, 1, 1, 1, 1, 1, 2, 2, 3])):
            sku, name, price = self.rng.choice(GOODS)
            if any(line["sku"] == sku for line in lines):
                continue
            cents = round(price * RATE[currency]) - 0.05
            quantity = self.rng.choice([1, 1, 1, 2])
            lines.append({"sku": sku, "name": name, "quantity": quantity, "price": f"{cents:.2f}"})
        if self.chance(0.06):
            gift = 50 * self.rng.choice([1, 2, 4])
            name = "Gift card"
            lines.append({"sku": "GIFT", "name": name, "quantity": 1, "price": f"{gift:.2f}"})
        total = sum(round(float(line["price"]) * 100) * line["quantity"] for line in lines)
        text = f"{total / 100:.2f}"
        if placed < NEW_SHOP:
            # The shop that was replaced in 2024 wrote amounts for people.
            text = f"{total / 100:,.2f}".replace(",", " ").replace(".", ",")
        return {
            "_id": number,
            "account": self.rng.choice(person.accounts),
            "placed": f"{placed:%Y-%m-%dT%H:%M:%SZ}",
            "status": self.rng.choice(["shipped"] * 17 + ["paid", "cancelled", "returned"]),
            "currency": currency,
            "total": text,
            "lines": lines,
        }

    # ---- the support desk ------------------------------------------------------------------------

    def support(
        self, orders: Sequence[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Who has asked for help, and what they asked."""
        askers = [p for p in self.people if self.chance(0.45)]
        requesters = []
        for position, person in enumerate(askers):
            number = str(7_001 + position)
            person.requesters.append(number)
            email = person.work_email if person.work_email and self.chance(0.3) else person.email
            phone = self.phone(person) if self.chance(0.55) else ""
            updated = self.moment(datetime(2023, 1, 1, tzinfo=UTC))
            requesters.append(
                {
                    "requester_no": number,
                    "full_name": f"{person.last}, {person.first}",
                    "email": self.typo(email) if self.chance(0.05) else email,
                    "phone": phone,
                    "country": person.country,
                    "language": LANGUAGE[person.country],
                    "updated_at": f"{updated:%Y-%m-%d %H:%M}",
                }
            )
        by_account: dict[str, list[dict[str, Any]]] = {}
        for order in orders:
            by_account.setdefault(order["account"], []).append(order)
        found = []
        for _ in range(TICKETS):
            person = self.rng.choice(askers)
            theirs = [o for account in person.accounts for o in by_account.get(account, ())]
            about = self.rng.choice(theirs) if theirs and self.chance(0.6) else None
            start = datetime(2024, 1, 1, tzinfo=UTC)
            if about is not None:
                start = datetime.fromisoformat(about["placed"])
            opened = self.moment(start, max(start + timedelta(days=1), NOW - timedelta(days=1)))
            closed = opened + timedelta(hours=self.rng.randrange(1, 400))
            is_open = closed > NOW or self.chance(0.12)
            found.append(
                {
                    "ticket_no": "",
                    "requester_no": person.requesters[0],
                    "opened": f"{opened:%Y-%m-%d %H:%M}",
                    "closed": "" if is_open else f"{closed:%Y-%m-%d %H:%M}",
                    "priority": self.rng.choice(["low", "normal", "normal", "normal", "high"]),
                    "topic": self.rng.choice(TOPICS),
                    "order_no": "" if about is None else self._order_no(about["_id"]),
                    "rating": "" if is_open else self.rng.choice(["", "1", "3", "4", "4", "5"]),
                }
            )
        found.sort(key=lambda row: (row["opened"], row["requester_no"]))
        for position, row in enumerate(found):
            row["ticket_no"] = f"T{90_001 + position}"
        return requesters, found

    def _order_no(self, order: str) -> str:
        """The number of an order as people copy it into a form."""
        return self.rng.choice([order, order, order, order.lower(), order[2:], f"{order} "])


def _last_names(country: str) -> list[str]:
    text = LAST[country].replace("Ó Briain", "Ó\u00a0Briain")
    return [name.replace("\u00a0", " ") for name in text.split(" ")]


def _mobile(country: str, position: int) -> str:
    """A number of the range that is kept free for fiction."""
    if country == "GB":
        return f"07700 900{position:03}"
    if country == "FR":
        number = f"0639 98{(position * 17) % 10_000:04}".replace(" ", "")
        return " ".join(number[i : i + 2] for i in range(0, 10, 2))
    return f"070-174 06 {5 + position:02}"


def write_csv(file: Path, rows: Sequence[dict[str, Any]], delimiter: str) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_json(file: Path, entities: Iterable[dict[str, Any]]) -> None:
    """A JSON array, one entity a line: a change is one line of a diff."""
    lines = ",\n".join(json.dumps(entity, ensure_ascii=False) for entity in entities)
    file.write_text(f"[\n{lines}\n]\n", "utf-8")


def make(target: Path = TARGET) -> Path:
    """The folder with the six files, written anew."""
    maker = Maker(SEED)
    contacts, companies = maker.crm()
    accounts, orders = maker.webshop()
    requesters, tickets = maker.support(orders)
    for name in ("crm", "webshop", "support"):
        (target / name).mkdir(parents=True, exist_ok=True)
    write_csv(target / "crm" / "contacts.csv", contacts, ";")
    write_csv(target / "crm" / "companies.csv", companies, ";")
    write_json(target / "webshop" / "accounts.json", accounts)
    write_json(target / "webshop" / "orders.json", orders)
    write_csv(target / "support" / "requesters.csv", requesters, ",")
    write_csv(target / "support" / "tickets.csv", tickets, ",")
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{make(*map(Path, sys.argv[1:2]))}\n")
