"""Pictures of projects and data, with plotly; each is also a table."""
