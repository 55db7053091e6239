Evidence goes in, on a bare directory, without a server.

  $ mkdir .waybill && cp $SOURCE/demo/harbour.cdx.json sbom.json && sed -i 's/{{TIME}}/2026-11-22T00:00:00Z/' sbom.json
  $ waybill collect sbom.json
  entry  format         subject               facts                                 file
     #6  CycloneDX 1.6  sha256:31d029f3d20e…  listed 1, contains 24, depends_on 31  sbom.json
The same bytes again give the first receipt.
  $ waybill collect sbom.json
  entry  format                        subject               facts                                 file
     #6  CycloneDX 1.6 (already here)  sha256:31d029f3d20e…  listed 1, contains 24, depends_on 31  sbom.json
What is broken is refused with its place; the rest goes on.
  $ head -c 4000 sbom.json > cut.json; echo '{"hello": 1}' > odd.json; waybill collect cut.json odd.json sbom.json
  waybill collect: cut.json: CycloneDX JSON: line 193, column 4 (byte 3998): the string that begins here has no end
  waybill collect: odd.json: unknown format: the document begins with '{"hello": 1}.'
    send one of: CycloneDX JSON 1.2–1.7, SPDX JSON 2.2–2.3, DSSE envelope 1, Sigstore bundle 0.1–0.3, in-toto statement 0.1, 1, OSV record 1, OSV records, one a line 1, OSV records in an array 1, CISA KEV catalogue 1.0, EPSS scores 3–4, JUnit XML, SARIF 2.1.0, OpenVEX 0.0.1–0.2.0, Waybill document 1, Waybill document in YAML 1; or store it as it is with --keep-unknown
  entry  format                        subject               facts                                 file
     #6  CycloneDX 1.6 (already here)  sha256:31d029f3d20e…  listed 1, contains 24, depends_on 31  sbom.json
  waybill collect: 1 of 3 documents are in the log, 2 were refused
  [1]
  $ waybill collect odd.json --keep-unknown
  waybill collect: odd.json: the document does not say what it is about, so no artifact will show it; give --subject (?subject=) with a digest
  entry  format   subject  facts  file
     #7  unknown                  odd.json
  $ waybill show pkg:pypi/oakjson@4.2.1 -o json | grep -c '"known": true'
  1
  $ waybill log verify | sed -E 's/root [0-9a-f]+/root ROOT/'
  The log verifies: 8 entries, 7 documents, root ROOT.
