A person who has never seen the project.

  $ waybill --help | head -5
  waybill 0.1.0: what is in it, who built it from what, who checked it, may it go?
  
  Usage
    waybill COMMAND [arguments] [flags]
  $ waybill chek x
  waybill: there is no command "chek"; did you mean "check"?
  See `waybill --help`.
  [2]
  $ waybill check
  waybill check: expected SUBJECT: what is judged
  Usage: waybill check SUBJECT… [flags]
  See `waybill check --help`.
  [2]
  $ waybill check --env
  waybill check: --env needs a value
  Usage: waybill check SUBJECT… [flags]
  See `waybill check --help`.
  [2]
  $ waybill check a --nope
  waybill check: there is no flag --nope
  Usage: waybill check SUBJECT… [flags]
  See `waybill check --help`.
  [2]
  $ waybill exception
  waybill exception: expected one of
    waybill exception request     Asks for a time-bound permission to pass a rule
    waybill exception approve     Grants an exception that somebody else requested
    waybill exception revoke      Takes an exception back
    waybill exception list        Lists exceptions, those that end soon first
  [2]
  $ waybill exception request
  waybill exception request: expected --rule; an exception names a rule, has a reason and ends by itself
  [2]
  $ waybill trace a b
  waybill trace: "b" is one argument too many
  Usage: waybill trace CVE|GHSA|PURL|DIGEST|SERVICE [flags]
  See `waybill trace --help`.
  [2]
  $ waybill show x -o xml
  waybill show: --output xml: expected one of table|json|yaml
  Usage: waybill show SUBJECT [flags]
  See `waybill show --help`.
  [2]
  $ waybill trace --help
  Who is affected and what runs it, as a tree
  
  From a vulnerability (CVE, GHSA, …), a package (purl), an artifact (digest) or a service: vulnerability → packages → artifacts →
  deployments → owners.
  
  Usage
    waybill trace CVE|GHSA|PURL|DIGEST|SERVICE [flags]
  
  Arguments
    CVE|GHSA|PURL|DIGEST|SERVICE  where to begin
  
  Flags
    -o, --output FORMAT  table, json or yaml
        --at INDEX|TIME  answer as of a log index or a time: what was known then
        --server URL     ask this server (WAYBILL_SERVER); its token in WAYBILL_TOKEN or from waybill login
        --data-dir DIR   work on this data directory without a server (WAYBILL_DATA_DIR; ./.waybill if it exists)
    -h, --help           this text
  
  Examples
    # what runs it?
    waybill trace CVE-2026-48112
    # what did, on the first of November?
    waybill trace pkg:npm/oakjson@4.2.1 --at 2026-11-01
  $ waybill --version
  waybill 0.1.0
  $ waybill completion bash | bash -n
