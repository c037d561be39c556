"""What is delivered about the city: one module per resource, and the modules they are declared with.

`defects` declares what can be wrong with a row, `spoiling` makes such rows, `table_source` and `file_source` turn rows into tables, files
and labels, `csv_file`, `json_lines` and `xlsx_file` write files, `inventory` lists every resource. Imports `world`, never `feed`.
"""
