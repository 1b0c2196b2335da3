"""What the directory of the tests holds."""

from __future__ import annotations

import base64


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ROOT = """dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=many,dc=example,dc=org
objectClass: organizationalUnit
ou: many
"""

GUID = "AQIDBAUGBwgJCgsMDQ4PEA=="
PHOTO = "/9j/4AAQSkZJRg=="
PLAIN_PHOTO = base64.b64encode(b"plain as text").decode()

NAMED = f"""
dn:: {_encoded("cn=Åse Bø,ou=people,dc=example,dc=org")}
objectClass: inetOrgPerson
objectClass: posixAccount
cn:: {_encoded("Aase Boe")}
cn:: {_encoded("Åse Bø")}
sn:: {_encoded("Bø")}
uid: aase
uidNumber: 1001
gidNumber: 100
homeDirectory: /home/aase
jpegPhoto:: {PHOTO}
jpegPhoto:: {PLAIN_PHOTO}
userPassword: secret
mail: aase@example.org
mail: boe@example.org
description: ~rnot a uri
description;lang-no: paa norsk
telephoneNumber: 007

dn: cn=Smith\\, John+sn=Smith,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
cn: Smith, John
cn: Another
sn: Smith
uid: john
userCertificate;binary:: {GUID}
"""

MANY = "".join(
    f"""
dn: cn=person {n},ou=many,dc=example,dc=org
objectClass: organizationalPerson
cn: person {n}
sn: {n}
"""
    for n in range(3_000)
)
PEOPLE = ROOT + NAMED + MANY
