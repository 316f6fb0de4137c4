# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
import urllib.request
try:
    urllib.request.urlopen('http://127.0.0.1:@PORT@/', timeout=2)
    print('connected')
except OSError:
    print('safe')
