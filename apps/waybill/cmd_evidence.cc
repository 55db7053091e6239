// collect, deploy, advisories: what goes in.
#include <unistd.h>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"

namespace waybill::cli {
namespace {

constexpr size_t kMaxFile = size_t{1} << 30;

Result<std::string> read_stdin() {
  std::string out;
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(0, buffer, sizeof buffer);
    if (got < 0) return fail(Error(Code::internal, "cannot be read").at("standard input"));
    if (got == 0) return out;
    out.append(buffer, static_cast<size_t>(got));
    if (out.size() > kMaxFile) return fail(Error(Code::exhausted, "is longer than 1 GiB").at("standard input"));
  }
}

// Files named, files below directories, "-" for standard input.
Result<std::vector<std::string>> expand(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  for (const auto& name : names) {
    if (name != "-" && Disk::system().is_directory(name)) {
      TRY(const auto below, Disk::system().list_files(name));
      files.insert(files.end(), below.begin(), below.end());
    } else {
      files.push_back(name);
    }
  }
  return files;
}

int collect(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  auto files = expand(invocation.positionals);
  if (!files) return report(invocation, files.error());
  if (files->empty()) return report(invocation, Error(Code::not_found, "there is no file to collect"));
  const std::string route =
      target("/api/v1/evidence", {{"subject", invocation.value_or("subject", "")}, {"keep_unknown", invocation.has("keep-unknown") ? "1" : ""}});

  JsonWriter receipts;
  receipts.begin_object().key("items").begin_array();
  Table table({"entry", "format", "subject", "facts", "file"}, {Table::Align::right});
  size_t refused = 0;
  Progress progress("collecting", files->size());
  uint64_t done = 0;
  for (const auto& name : *files) {
    auto bytes = name == "-" ? read_stdin() : Disk::system().read_file(name, kMaxFile);
    Result<JsonDocument> receipt =
        bytes ? (*api)->post(route, *bytes, {{"content-type", "application/octet-stream"}, {"x-waybill-name", name}}) : Result<JsonDocument>(bytes.error());
    progress.at(++done);
    if (!receipt) {
      ++refused;
      Error error = receipt.error();
      if (error.where().empty() || error.where().back() != name) error.at(name);
      report(invocation, error);
      receipts.begin_object().field("name", name).field("refused", error.to_string()).end_object();
      continue;
    }
    const auto root = receipt->root();
    receipts.raw(root.to_json());
    std::string facts;
    for (const auto& [kind, count] : root["facts"].members()) {
      if (!facts.empty()) facts += ", ";
      facts += std::string(kind) + " " + with_thousands(static_cast<uint64_t>(count.int_or(0)));
    }
    table.add({"#" + std::to_string(root["index"].int_or(0)),
               std::string(root["format"].string_or("")) + (root["duplicate"].bool_or(false) ? " (already here)" : ""),
               short_digest(root["subject"].string_or("")), facts, name});
    for (const auto& warning : root["warnings"].items()) talk("waybill collect: " + name + ": " + std::string(warning.string_or("")) + "\n");
  }
  receipts.end_array().end_object();
  if (invocation.output() != "table") {
    if (const auto document = JsonDocument::parse(receipts.text())) print_as(invocation.output(), document->root());
  } else if (!table.empty()) {
    print(table.to_string());
  }
  if (refused > 0 && files->size() > 1)
    talk("waybill collect: " + std::to_string(files->size() - refused) + " of " + std::to_string(files->size()) + " documents are in the log, " +
         std::to_string(refused) + " were refused\n");
  return refused > 0 ? kFailed : kFine;
}

int deploy(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  const std::string service = invocation.value_or("service", ""), environment = invocation.value_or("env", "");
  if (service.empty() || environment.empty()) {
    talk("waybill deploy: expected --service and --env: what runs, and where\n");
    return kWrongUsage;
  }
  JsonWriter w;
  w.begin_object()
      .field("subject", invocation.positionals.empty() ? "" : invocation.positionals[0])
      .field("service", service)
      .field("environment", environment);
  if (const auto decision = invocation.value("decision")) w.field("decision", *decision);
  w.field("remove", invocation.has("remove")).end_object();
  auto answer = (*api)->post("/api/v1/deployments", w.text());
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  const auto root = answer->root();
  if (invocation.has("remove"))
    print(service + " no longer runs in " + environment + ": entry #" + std::to_string(root["index"].int_or(root["entry"].int_or(0))) + "\n");
  else
    print(std::string(root["id"].string_or("")) + "  " + service + " in " + environment + " runs " + invocation.positionals[0] + "\n");
  return kFine;
}

int advisories_import(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  auto files = expand(invocation.positionals);
  if (!files) return report(invocation, files.error());
  int exit = kFine;
  JsonWriter all;
  all.begin_object().key("items").begin_array();
  for (const auto& name : *files) {
    auto bytes = name == "-" ? read_stdin() : Disk::system().read_file(name, kMaxFile);
    if (!bytes) {
      exit = report(invocation, bytes.error());
      continue;
    }
    const std::string source = invocation.value_or("source", name.substr(name.rfind('/') + 1));
    auto answer = (*api)->post(target("/api/v1/advisories", {{"source", source}}), *bytes, {{"content-type", "application/octet-stream"}});
    if (!answer) {
      exit = report(invocation, Error(answer.error()).at(name));
      continue;
    }
    const auto root = answer->root();
    all.raw(root.to_json());
    if (invocation.output() != "table") continue;
    const auto count = [&](const char* key) { return with_thousands(static_cast<uint64_t>(root[key].int_or(0))); };
    print(name + ": " + count("records") + (root["records"].int_or(0) == 1 ? " record, " : " records, ") + count("added") + " new, " + count("updated") +
          " changed, " + count("same") + " as before" + (root["refused"].int_or(0) > 0 ? ", " + count("refused") + " refused" : "") +
          (root["entry"].exists() ? "; entry #" + std::to_string(root["entry"].int_or(0)) : "") + "\n");
    for (const auto& refusal : root["refusals"].items()) talk("  refused: " + std::string(refusal.string_or("")) + "\n");
    if (root["refused"].int_or(0) > 0) exit = kFailed;
  }
  all.end_array().end_object();
  if (invocation.output() != "table")
    if (const auto document = JsonDocument::parse(all.text())) print_as(invocation.output(), document->root());
  return exit;
}

int advisories_sync(const Invocation& invocation) {
  // The mirror is asked from here; the server need not reach it.
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  int exit = kFine;
  for (const auto& url : invocation.positionals) {
    Result<std::string> bytes = fail(Code::internal, "not asked");
    if (url.starts_with("file://"))
      bytes = Disk::system().read_file(url.substr(7), kMaxFile);
    else
      bytes = fetch_url(url, kMaxFile);
    if (!bytes) {
      exit = report(invocation, bytes.error());
      continue;
    }
    auto answer =
        (*api)->post(target("/api/v1/advisories", {{"source", invocation.value_or("source", url)}}), *bytes, {{"content-type", "application/octet-stream"}});
    if (!answer) {
      exit = report(invocation, Error(answer.error()).at(url));
      continue;
    }
    if (print_as(invocation.output(), answer->root())) continue;
    const auto root = answer->root();
    print(url + ": " + with_thousands(static_cast<uint64_t>(root["records"].int_or(0))) + " records, " +
          with_thousands(static_cast<uint64_t>(root["added"].int_or(0))) + " new, " + with_thousands(static_cast<uint64_t>(root["updated"].int_or(0))) +
          " changed\n");
  }
  return exit;
}

int advisories_status(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get("/api/v1/status");
  if (!answer) return report(invocation, answer.error());
  if (invocation.output() != "table") {
    JsonWriter w;
    w.begin_object().key("items").begin_array();
    for (const auto& item : answer->root()["knowledge"].items()) w.raw(item.to_json());
    w.end_array().end_object();
    if (const auto document = JsonDocument::parse(w.text())) print_as(invocation.output(), document->root());
    return kFine;
  }
  Table table({"what", "source", "state", "records", "age", "remedy"},
              {Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::right, Table::Align::right});
  uint64_t records = 0;
  for (const auto& item : answer->root()["knowledge"].items()) {
    const bool counted = item["records"].exists();
    records += item["what"].string_or("") == "advisories" ? static_cast<uint64_t>(item["records"].int_or(0)) : 0;
    table.add({std::string(item["what"].string_or("")), std::string(item["source"].string_or("")), std::string(item["state"].string_or("")),
               counted ? with_thousands(static_cast<uint64_t>(item["records"].int_or(0))) : "", item["at"].is_string() ? ago(item["at"].string_or("")) : "",
               std::string(item["remedy"].string_or(""))});
  }
  print(table.to_string());
  if (records == 0) {
    print("\n" + in_verdict("deny", "No advisories are loaded. So nothing can be said about vulnerabilities; this is not “0 found”.") +
          "\nLoad some: waybill advisories import FILE…, or waybill advisories sync URL\n");
  }
  return kFine;
}

}  // namespace

std::vector<Command> evidence_commands() {
  return {
      {"collect",
       "Stores evidence and prints a receipt for each document",
       "SBOMs, provenance, test results, scans, VEX: whatever a pipeline makes. The format is found by content. A receipt is given\nonly after the bytes are "
       "durable; the same document again gets the first receipt.",
       {{"FILE", "files, directories, or - for standard input", Positional::Count::some}},
       with_connection({{"--subject", "SUBJECT", "what it is about, where the document does not say: sha256:…, image@digest, git+URL@commit"},
                        {"--keep-unknown", "", "store documents of unknown format as opaque evidence"},
                        kOutput}),
       {{"waybill collect sbom.cdx.json provenance.dsse.json", "an SBOM and signed provenance"},
        {"waybill collect junit.xml --subject registry.example/shop@sha256:9f2c…", "test results of an image"}},
       collect},
      {"deploy",
       "Records that an artifact runs as a service in an environment",
       "",
       {{"IMAGE@DIGEST", "what runs; not needed with --remove", Positional::Count::optional}},
       with_connection({{"--service", "SERVICE", "what it runs as"},
                        {"-e,--env", "ENVIRONMENT", "where it runs"},
                        {"--decision", "ID", "the decision that let it in"},
                        {"--remove", "", "it no longer runs there"},
                        kOutput}),
       {{"waybill deploy registry.example/shop@sha256:9f2c… --service shop --env production", "a deployment"},
        {"waybill deploy --remove --service shop --env staging", "the end of one"}},
       deploy},
      {"advisories import",
       "Loads advisories (OSV), the known-exploited catalogue (KEV), exploit predictions (EPSS)",
       "From files, archives (tar, zip, zst, gz), directories. Incremental: what is the same adds nothing.",
       {{"FILE", "OSV JSON or NDJSON, archives of them, KEV JSON, EPSS CSV; - for standard input", Positional::Count::some}},
       with_connection({{"--source", "NAME", "what to call where they come from (default: the file's name)"}, kOutput}),
       {{"waybill advisories import osv-npm.zip osv-debian.zip", "exports of the OSV database"},
        {"waybill advisories import known_exploited_vulnerabilities.json", "CISA's catalogue"}},
       advisories_import},
      {"advisories sync",
       "Loads advisories from a mirror's URL",
       "Fetches the archive that the URL names and imports what changed.",
       {{"URL", "http://, https:// or file://", Positional::Count::some}},
       with_connection({{"--source", "NAME", "what to call where they come from (default: the URL)"}, kOutput}),
       {{"waybill advisories sync https://mirror.example/osv/npm/all.zip", "from a mirror of your own"},
        {"waybill advisories sync file:///srv/osv/all.zip", "in a closed network"}},
       advisories_sync},
      {"advisories status",
       "Says what is loaded, how much, how old",
       "",
       {},
       with_connection({kOutput, kAt}),
       {{"waybill advisories status", "a table"}, {"waybill advisories status -o json", "for a monitor"}},
       advisories_status},
  };
}

}  // namespace waybill::cli
