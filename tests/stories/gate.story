From documents to a gate's answer, and back from a vulnerability to what runs it, over HTTP.

  $ serve
  $ sed 's/{{TIME}}/2026-11-22T00:00:00Z/' $SOURCE/demo/harbour.cdx.json > sbom.json
  $ waybill collect sbom.json | sed 's/^ *#[0-9]*/#N/'
  entry  format         subject               facts                                 file
  #N  CycloneDX 1.6  sha256:31d029f3d20e…  listed 1, contains 24, depends_on 31  sbom.json
  $ DIGEST=sha256:$(sha256sum $SOURCE/demo/harbour.manifest.json | cut -d' ' -f1); echo "schema: waybill/environment/v1
  > name: production
  > tier: production" > env.yaml
  $ waybill policy apply env.yaml | sed 's/#[0-9]*/#N/'
  environment production holds: entry #N
No advisories are loaded: that is said, and is never "0 vulnerabilities".
  $ waybill advisories status | sed -E 's/(local.log.)[0-9a-f]+/\1KEY/; s/[0-9]+  [0-9]+ s ago/N  N s ago/'
  what                source                           state     records      age  remedy
  advisories                                           none            0           waybill advisories sync
  known-exploited     known-exploited catalogue        none                        waybill advisories sync
  exploit-prediction  exploit predictions (EPSS)       none                        waybill advisories sync
  sboms               bills of materials of what runs  none            0
  checkpoint          waybill.local/log/KEY       complete        N  N s ago
  
  No advisories are loaded. So nothing can be said about vulnerabilities; this is not “0 found”.
  Load some: waybill advisories import FILE…, or waybill advisories sync URL
  $ waybill check registry.example/harbour@$DIGEST --service harbour --env production -o json | grep -E '"verdict": "(warn|deny)"' | head -1
        "verdict": "warn",
  $ waybill deploy registry.example/harbour@$DIGEST --service harbour --env production | sed 's/r-[0-9]*/r-N/'
  r-N  harbour in production runs registry.example/harbour@sha256:31d029f3d20e6f82ce9261515bcbd8e2a687159fae2552a0eadc1166e405d307
  $ waybill advisories import $SOURCE/demo/advisories | sed -E "s|$SOURCE/||; s/#[0-9]+/#N/"
  demo/advisories/DEMO-2026-0001.json: 1 record, 1 new, 0 changed, 0 as before; entry #N
  demo/advisories/DEMO-2026-0002.json: 1 record, 1 new, 0 changed, 0 as before; entry #N
  demo/advisories/DEMO-2026-0003.json: 1 record, 1 new, 0 changed, 0 as before; entry #N
  demo/advisories/DEMO-2026-0004.json: 1 record, 1 new, 0 changed, 0 as before; entry #N
  $ waybill trace DEMO-2026-0002 | sed -E 's/since [0-9-]+ [0-9:]+/since TIME/; s/r-[0-9]+/r-N/; s/in [0-9]+ µs/in N µs/'
  DEMO-2026-0002  vulnerability
  └─ pkg:pypi/lanternhttp@2.0.3  fixed in 2.0.9
     └─ registry.example/harbour  sha256:31d029f3d20e…
        └─ ▲ warn  harbour in production  since TIME UTC  r-N
  1 package, 1 artifact, 1 deployment  answered in N µs
  $ waybill trace CVE-1999-0001 2>&1 | sed -E 's/entry [0-9]+/entry N/'
  waybill trace: the subject “CVE-1999-0001” is not known as of entry N
    waybill collect brings evidence; waybill show lists what is known
  $ unserve
A second server on the same directory is refused with the first one's pid.
  $ serve
  $ waybill serve --data-dir .waybill --listen 127.0.0.1:0 2>&1 | sed -E 's/[0-9]{2,}/N/g'
  waybill serve: .waybill: another waybill process holds this data directory: pid N, listening on http://N.0.0.1:N
    use --server http://N.0.0.1:N, or stop that process
  $ curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$PORT/api/v1/status
  401
  $ curl -s http://127.0.0.1:$PORT/api/v1/status
  {"type":"about:blank","title":"Not authenticated","status":401,"detail":"this needs a token","code":"denied","next":"send `Authorization: Bearer wb_…` (WAYBILL_TOKEN for the command line), or log in on the console"}
