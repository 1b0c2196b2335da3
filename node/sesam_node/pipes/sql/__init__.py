"""What the SQL systems, source and sink share: engines, tables, values of columns, bulk loading."""
