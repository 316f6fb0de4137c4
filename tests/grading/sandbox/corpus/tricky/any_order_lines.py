# {"kind": "stdin", "tests": [{"input": "", "output": "1\n2\n3\n"}], "checker": {"function": "any_order_lines"}, "verdict": "right"}
for x in (3, 1, 2):
    print(x)
