"""Runs the code cells of a notebook one after another. Usage: python notebook.py NOTEBOOK"""
import json
import sys

names = {"__name__": "__main__"}
for number, cell in enumerate(json.load(open(sys.argv[1], encoding="utf8"))["cells"]):
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
print("the notebook runs")
