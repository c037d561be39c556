"""Workbooks (XLSX) for people: lists to read, print and fill in, behind a first page; the same content gives the same bytes."""
