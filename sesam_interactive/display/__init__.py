"""How things are shown: small tables, laid out JSON, progress lines; text and HTML."""
