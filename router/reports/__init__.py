"""Reports: figures with their definitions, from sums over facts to tables, files and pages."""
