"""Pictures, made of plain data: plotly figures, and SVG for where no script runs.

Each function takes what an object of the client holds and gives a figure. Nothing is fetched:
plotly's own code comes with JupyterLab's extension or from the installed package.
"""
