Questions where there is no data, no server, no file.

  $ waybill trace CVE-2026-1
  waybill trace: */data/waybill: there is no Waybill data here (glob)
    name a server (--server, WAYBILL_SERVER) or a data directory (--data-dir); `waybill demo` makes one to look at
  [1]
  $ waybill verify nothing.json
  waybill verify: nothing.json: cannot open the file: No such file or directory
  [1]
  $ waybill collect nothing.json --server http://127.0.0.1:1
  waybill collect: nothing.json: cannot open the file: No such file or directory
  [1]
  $ waybill policy eval '1 + 1' -f raw
  2
  $ waybill policy eval 'x := [1, 2][_]' -f bindings
  [
    {
      "x": 1
    },
    {
      "x": 2
    }
  ]
  $ waybill policy eval 'data.nothing' -f pretty
  undefined
  $ printf 'package a\nimport rego.v1\nallow if inpt.x\n' > broken.rego && waybill policy check broken.rego
  broken.rego:3: rego_unsafe_var_error: var inpt is unsafe
    allow if inpt.x
             ^
  1 error
  [1]
