# {"kind": "stdin", "tests": [{"input": "\u00e4\u00f6\u00fc", "output": "\u00fc\u00f6\u00e4\n\u00e9\u4e2d\ud83d\ude00\n"}], "verdict": "right"}
print(input()[::-1])
print('é中😀')
