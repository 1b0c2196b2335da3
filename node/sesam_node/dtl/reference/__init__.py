"""The language told by itself: the registry as data (`functions`) and as Markdown (`pages`).

`data` is what the API and completion use; `markdown` writes the pages below docs/dtl/ from the same
entries, and `guide` holds what no entry can say: how to read a signature, paths, lists, types.
"""

from sesam_node.dtl.reference.data import functions

__all__ = ["functions", "pages"]


def pages() -> dict[str, str]:
    """Path below docs/dtl/ to the Markdown of each page of the reference."""
    # The pages compile the examples of problems; whoever only runs rules need not load that.
    from sesam_node.dtl.reference import markdown

    return markdown.pages()
