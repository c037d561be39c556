"""What is delivered about the city: one module per resource, and the few words they are declared with.

`defects` says what can be wrong with a row, `spoiling` how to make it so, `table_source` and `file_source` turn rows into tables, files and
labels, `csv_file`, `json_lines` and `xlsx_file` write files, `inventory` lists every resource. Imports `world`, never `feed`.
"""
