# {"kind": "stdin", "tests": [{"input": "", "output": "IndexError\ndone\n"}], "verdict": "right"}
try:
    [][1]
except IndexError as error:
    print(type(error).__name__)
finally:
    print('done')
