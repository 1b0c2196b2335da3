"""Workbooks of spreadsheet programs: read row by row, written in constant memory."""
