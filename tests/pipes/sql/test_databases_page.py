"""The worked example of `docs/systems/databases.md`, on each database that it was tested on."""

from page_examples import page_components


def test_the_example_runs_as_it_is_written(database):
    components = page_components("databases")
    system = components["shop"]
    database.node.more["systems"]["shop"] = {
        **system,
        **database.node.more["systems"]["db"],
        "_id": "shop",
    }
    database.run(
        "CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), visits INTEGER)",
        "INSERT INTO customer VALUES (1, 'Ada', 7), (2, 'Bo', 0), (3, 'Cy', 1)",
    )
    pipes = ("shop-customer", "shop-score", "shop-score-share")

    def run():
        for pipe in pipes:
            database.node.run(pipe)

    for pipe in pipes:
        config = {name: value for name, value in components[pipe].items() if name != "_id"}
        database.node.pipe(pipe, **config)
    run()
    quote = database.system.engine.dialect.identifier_preparer.quote
    scores = f"SELECT {quote('_id')}, name, score FROM score ORDER BY 1"
    assert database.run(scores) == [("1", "Ada", 70), ("3", "Cy", 10)]
    database.run("DELETE FROM customer WHERE id = 1", "UPDATE customer SET visits = 3 WHERE id = 2")
    run()
    assert database.run(scores) == [("2", "Bo", 30), ("3", "Cy", 10)]
