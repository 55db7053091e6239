// policy eval|test|check|apply|list: rules, with OPA's flags and exit codes where OPA has them.
#include <algorithm>
#include <chrono>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/base/random.h"
#include "waybill/formats/formats.h"
#include "waybill/policy/pack.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/testing.h"

namespace waybill::cli {
namespace {

constexpr size_t kMaxFile = size_t{1} << 30;

// What -d names: Rego modules, and JSON or YAML documents merged into `data` below their directory, as OPA does.
struct Loaded {
  std::vector<rego::Module> modules;
  std::string data_json = "{}";
};

// A tree of JSON to merge documents into.
struct Node {
  std::map<std::string, Node> members;
  std::string leaf;  // JSON of anything that is no object
  bool is_leaf = false;
};
Result<void> merge(Node& into, const JsonValue& value, const std::string& place) {
  if (!value.is_object()) return fail(Error(Code::invalid, "a data document must be an object").at(place));
  for (const auto& [name, member] : value.members()) {
    auto& child = into.members[std::string(name)];
    if (member.is_object()) {
      if (child.is_leaf) return fail(Error(Code::conflict, "two data documents both define this").at("data." + std::string(name)).at(place));
      TRY_DO(merge(child, member, place));
    } else {
      if (child.is_leaf || !child.members.empty())
        return fail(Error(Code::conflict, "two data documents both define this").at("data." + std::string(name)).at(place));
      child.is_leaf = true;
      child.leaf = member.to_json();
    }
  }
  return {};
}
void append(std::string& out, const Node& node) {
  if (node.is_leaf) {
    out += node.leaf;
    return;
  }
  out.push_back('{');
  bool first = true;
  for (const auto& [name, child] : node.members) {
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, name);
    out.push_back(':');
    append(out, child);
  }
  out.push_back('}');
}

Result<Loaded> load(const std::vector<std::string>& paths) {
  Loaded loaded;
  Node data;
  for (const auto& path : paths) {
    const bool directory = Disk::system().is_directory(path);
    std::vector<std::string> files{path};
    if (directory) {
      TRY(files, Disk::system().list_files(path));
    }
    for (const auto& file : files) {
      const bool rego = file.ends_with(".rego"), json = file.ends_with(".json"), yaml = file.ends_with(".yaml") || file.ends_with(".yml");
      if (directory &&
          (file.find("/.") != std::string::npos || !(rego || file.ends_with("/data.json") || file.ends_with("/data.yaml") || file.ends_with("/data.yml"))))
        continue;
      TRY(auto text, Disk::system().read_file(file, kMaxFile));
      if (rego) {
        loaded.modules.push_back({file, std::move(text)});
        continue;
      }
      if (!json && !yaml) return fail(Error(Code::invalid, "expected .rego, .json or .yaml").at(file));
      if (yaml) {
        auto converted = formats::yaml_to_json(text);
        if (!converted) return fail(Error(converted.error()).at(file));
        text = std::move(*converted);
      }
      auto document = JsonDocument::parse(text);
      if (!document) return fail(Error(document.error()).at(file));
      Node* at = &data;
      if (directory) {  // below the directories between the root and the file
        const std::string relative = file.substr(path.size());
        const auto parts = split(relative, '/');
        for (size_t i = 0; i + 1 < parts.size(); ++i)
          if (!parts[i].empty()) at = &at->members[std::string(parts[i])];
      }
      auto merged = merge(*at, document->root(), file);
      if (!merged) return fail(merged.error());
    }
  }
  loaded.data_json.clear();
  append(loaded.data_json, data);
  return loaded;
}

int complain(const std::vector<rego::Diagnostic>& errors, const Invocation& invocation) {
  if (invocation.value_or("format", "pretty") == "json") {
    JsonWriter w;
    w.begin_object().key("errors").begin_array();
    for (const auto& error : errors) {
      w.begin_object().field("message", error.message).field("code", error.code).key("location").begin_object();
      w.field("file", error.location.file).field("row", error.location.row).field("col", error.location.column).end_object().end_object();
    }
    w.end_array().end_object();
    if (const auto document = JsonDocument::parse(w.text())) print(to_pretty_json(document->root()));
    return kFailed;
  }
  for (const auto& error : errors) talk(error.to_text() + "\n");
  talk(std::to_string(errors.size()) + (errors.size() == 1 ? " error\n" : " errors\n"));
  return kFailed;
}

int eval(const Invocation& invocation) {
  auto loaded = load(invocation.values("data"));
  if (!loaded) return report(invocation, loaded.error());
  auto outcome = rego::Policy::compile_all(loaded->modules, loaded->data_json, {.strict = invocation.has("strict")});
  if (!outcome.policy) {
    complain(outcome.errors, invocation);
    return kWrongUsage;  // as opa eval: 2
  }
  rego::EvalOptions options;
  options.now_ns = Clock::system().now().ms * 1'000'000;
  options.strict_builtin_errors = invocation.has("strict-builtin-errors");
  options.capabilities = {.random = true, .environment = true, .network = false};
  if (const auto seed = invocation.value("seed")) {
    options.seed = std::strtoull(seed->c_str(), nullptr, 10);
  } else {
    Random::system().fill({reinterpret_cast<uint8_t*>(&options.seed), sizeof options.seed});
  }
  options.print = [](std::string_view text, std::string_view) { talk(std::string(text) + "\n"); };
  rego::Evaluation evaluation(outcome.policy, std::move(options));
  if (const auto file = invocation.value("input")) {
    auto text = Disk::system().read_file(*file, kMaxFile);
    if (!text) return report(invocation, text.error());
    if (file->ends_with(".yaml") || file->ends_with(".yml")) {
      text = formats::yaml_to_json(*text);
      if (!text) return report(invocation, Error(text.error()).at(*file));
    }
    if (const auto set = evaluation.set_input(*text); !set) return report(invocation, Error(set.error()).at(*file));
  }
  const std::string query = invocation.positionals[0];
  const auto solutions = evaluation.query(query);
  if (!solutions) {
    if (!evaluation.last_errors().empty()) {
      complain(evaluation.last_errors(), invocation);
      return kWrongUsage;
    }
    report(invocation, solutions.error());
    return kWrongUsage;
  }
  const std::string format = invocation.value_or("format", "json");
  if (format == "raw" || format == "values") {
    std::string out;
    for (const auto& solution : *solutions) {
      std::string line;
      for (const auto& value : solution.expressions) {
        if (!line.empty()) line += format == "raw" ? " " : ", ";
        line += format == "raw" && value.is_string() ? std::string(value.text()) : value.to_json();
      }
      out += format == "raw" ? line + "\n" : "[" + line + "]\n";
    }
    print(out);
  } else if (format == "pretty") {
    if (solutions->empty()) {
      print("undefined\n");
    } else {
      for (const auto& solution : *solutions) {
        if (solution.bindings.empty()) {
          for (const auto& value : solution.expressions)
            if (const auto document = JsonDocument::parse("[" + value.to_json() + "]")) print(to_pretty_json(document->root().at(0)));
        } else {
          Table table({"variable", "value"});
          for (const auto& [name, value] : solution.bindings) table.add({name, value.to_json()});
          print(table.to_string());
        }
      }
    }
  } else {
    JsonWriter w;
    w.begin_object();
    if (format == "bindings") {
      w = JsonWriter();
      w.begin_array();
      for (const auto& solution : *solutions) {
        w.begin_object();
        for (const auto& [name, value] : solution.bindings) w.field_raw(name, value.to_json());
        w.end_object();
      }
      w.end_array();
    } else {
      if (!solutions->empty()) {
        w.key("result").begin_array();
        for (const auto& solution : *solutions) {
          w.begin_object().key("expressions").begin_array();
          for (const auto& value : solution.expressions)
            w.begin_object()
                .field_raw("value", value.to_json())
                .field("text", query)
                .key("location")
                .begin_object()
                .field("row", 1)
                .field("col", 1)
                .end_object()
                .end_object();
          w.end_array();
          if (!solution.bindings.empty()) {
            w.key("bindings").begin_object();
            for (const auto& [name, value] : solution.bindings) w.field_raw(name, value.to_json());
            w.end_object();
          }
          w.end_object();
        }
        w.end_array();
      }
      w.end_object();
    }
    if (const auto document = JsonDocument::parse(w.text())) print(to_pretty_json(document->root()));
  }
  const bool defined = !solutions->empty();
  if (invocation.has("fail") && !defined) return kFailed;
  if (invocation.has("fail-defined") && defined) return kFailed;
  return kFine;
}

int test(const Invocation& invocation) {
  std::vector<std::string> paths = invocation.positionals;
  for (const auto& more : invocation.values("data")) paths.push_back(more);
  auto loaded = load(paths);
  if (!loaded) return report(invocation, loaded.error());
  auto outcome = rego::Policy::compile_all(loaded->modules, loaded->data_json);
  if (!outcome.policy) return complain(outcome.errors, invocation);
  rego::TestOptions options;
  const std::string filter = invocation.value_or("run", "");
  options.run = filter;
  options.eval.now_ns = Clock::system().now().ms * 1'000'000;
  options.eval.capabilities.random = true;
  const auto results = rego::run_tests(outcome.policy, options);
  if (!results) return report(invocation, results.error());
  size_t passed = 0, failed = 0, skipped = 0, errors = 0;
  const bool verbose = invocation.has("verbose");
  std::string out, file;
  JsonWriter w;
  w.begin_array();
  for (const auto& result : *results) {
    const char* word = "PASS";
    switch (result.outcome) {
      case rego::TestOutcome::pass: ++passed; break;
      case rego::TestOutcome::fail:
        ++failed;
        word = "FAIL";
        break;
      case rego::TestOutcome::error:
        ++errors;
        word = "ERROR";
        break;
      case rego::TestOutcome::skip:
        ++skipped;
        word = "SKIPPED";
        break;
    }
    if (invocation.value_or("format", "pretty") == "json") {
      w.begin_object()
          .key("location")
          .begin_object()
          .field("file", result.location.file)
          .field("row", result.location.row)
          .field("col", result.location.column)
          .end_object();
      w.field("package", result.package).field("name", result.name).field("duration", result.duration_ns);
      if (result.outcome == rego::TestOutcome::fail) w.field("fail", true);
      if (result.outcome == rego::TestOutcome::skip) w.field("skip", true);
      if (result.outcome == rego::TestOutcome::error) w.key("error").begin_object().field("message", result.error).end_object();
      w.end_object();
      continue;
    }
    if (!verbose && result.outcome == rego::TestOutcome::pass) continue;
    if (result.location.file != file) {
      file = result.location.file;
      out += file + ":\n";
    }
    char duration[32];
    std::snprintf(duration, sizeof duration, "%.3fms", static_cast<double>(result.duration_ns) / 1e6);
    out += result.package + "." + result.name + ": " +
           in_verdict(result.outcome == rego::TestOutcome::pass   ? "allow"
                      : result.outcome == rego::TestOutcome::skip ? ""
                                                                  : "deny",
                      word) +
           " (" + duration + ")\n";
    if (!result.error.empty()) out += "  " + result.error + "\n";
    for (const auto& line : result.prints) out += "  " + line + "\n";
  }
  w.end_array();
  if (invocation.value_or("format", "pretty") == "json") {
    if (const auto document = JsonDocument::parse(w.text())) print(to_pretty_json(document->root()));
  } else {
    if (!out.empty()) out += std::string(80, '-') + "\n";
    const auto total = std::to_string(results->size());
    if (passed > 0) out += "PASS: " + std::to_string(passed) + "/" + total + "\n";
    if (failed > 0) out += "FAIL: " + std::to_string(failed) + "/" + total + "\n";
    if (skipped > 0) out += "SKIPPED: " + std::to_string(skipped) + "/" + total + "\n";
    if (errors > 0) out += "ERROR: " + std::to_string(errors) + "/" + total + "\n";
    print(out);
  }
  return failed + errors > 0 ? kWrongUsage : kFine;  // as opa test: 2
}

int check(const Invocation& invocation) {
  int exit = kFine;
  size_t rules = 0, warnings = 0;
  std::vector<std::string> plain;
  for (const auto& path : invocation.positionals) {
    if (Disk::system().is_directory(path) && Disk::system().exists(path + "/pack.yaml")) {
      const auto complaints = policy::check_pack(Disk::system(), path);
      for (const auto& complaint : complaints) {
        talk(complaint.to_string() + "\n");
        if (complaint.grade == policy::Complaint::Grade::error)
          exit = kFailed;
        else
          ++warnings;
      }
      if (const auto pack = policy::load_pack(Disk::system(), path)) rules += pack->rules.size();
    } else {
      plain.push_back(path);
    }
  }
  if (!plain.empty()) {
    auto loaded = load(plain);
    if (!loaded) return report(invocation, loaded.error());
    const auto outcome = rego::Policy::compile_all(loaded->modules, loaded->data_json, {.strict = invocation.has("strict")});
    if (!outcome.policy) return complain(outcome.errors, invocation);
  }
  if (exit == kFine && rules > 0)
    print(std::to_string(rules) + (rules == 1 ? " rule is" : " rules are") + " in order" + (warnings > 0 ? ", " + std::to_string(warnings) + " warnings" : "") +
          "\n");
  return exit;
}

// The documents of a file (YAML may hold several, divided by `---`): policies go to the policies, everything else is
// configuration.
int apply_documents(const Invocation& invocation, Api& api, const std::string& file, const std::string& text) {
  std::vector<std::string> documents{""};
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("---"))
      documents.emplace_back();
    else
      documents.back() += std::string(line) + "\n";
  }
  int exit = kFine;
  size_t number = 0;
  for (const auto& part : documents) {
    if (trim(part).empty()) continue;
    const std::string place = documents.size() > 1 ? file + ": document " + std::to_string(++number) : file;
    auto json = trim(part).starts_with("{") ? Result<std::string>(part) : formats::yaml_to_json(part);
    if (!json) {
      exit = report(invocation, Error(json.error()).at(place));
      continue;
    }
    const auto document = JsonDocument::parse(*json);
    if (!document) {
      exit = report(invocation, Error(document.error()).at(place));
      continue;
    }
    if (document->root().size() == 0) continue;  // only comments
    const auto schema = document->root()["schema"].string_or("waybill/policy/v1");
    const bool policy = schema == "waybill/policy/v1" || schema == "waybill/pack/v1";
    auto answer = api.post(policy ? "/api/v1/policies" : "/api/v1/configuration", *json);
    if (!answer) {
      exit = report(invocation, Error(answer.error()).at(place));
      continue;
    }
    if (print_as(invocation.output(), answer->root())) continue;
    const auto root = document->root();
    const std::string kind(schema.substr(8, schema.rfind('/') - 8));
    const std::string name(root["scope"].string_or(root["name"].string_or("")));
    print(kind + (name.empty() ? "" : " " + name) + " holds: entry #" + std::to_string(answer->root()["entry"].int_or(answer->root()["index"].int_or(0))) +
          "\n");
  }
  return exit;
}

int apply(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  int exit = kFine;
  for (const auto& file : invocation.positionals) {
    Result<JsonDocument> answer = fail(Code::internal, "not asked");
    if (Disk::system().is_directory(file)) {
      auto pack = policy::load_pack(Disk::system(), file);
      if (!pack) {
        exit = report(invocation, pack.error());
        continue;
      }
      answer = (*api)->post("/api/v1/policies", pack->to_document());
    } else {
      auto text = Disk::system().read_file(file, size_t{16} << 20);
      if (!text) {
        exit = report(invocation, text.error());
        continue;
      }
      exit = std::max(exit, apply_documents(invocation, **api, file, *text));
      continue;
    }
    if (!answer) {
      exit = report(invocation, Error(answer.error()).at(file));
      continue;
    }
    if (print_as(invocation.output(), answer->root())) continue;
    print(file + " holds: entry #" + std::to_string(answer->root()["index"].int_or(answer->root()["entry"].int_or(0))) + "\n");
  }
  return exit;
}

int list(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get(target("/api/v1/policies", {{"scope", invocation.value_or("scope", "")}, {"tier", invocation.value_or("tier", "")}}));
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  const auto text = [](const JsonValue& value) { return std::string(value.string_or("")); };
  Table packs({"pack", "version", "development", "staging", "production", "rules", "title"},
              {Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::right});
  for (const auto& pack : answer->root()["packs"].items())
    packs.add({text(pack["pack"]), text(pack["version"]), text(pack["mode"]["development"]), text(pack["mode"]["staging"]), text(pack["mode"]["production"]),
               std::to_string(pack["rules"].size()), text(pack["title"])});
  print(packs.to_string());
  if (invocation.has("rules")) {
    Table rules({"rule", "development", "staging", "production", "title"});
    for (const auto& pack : answer->root()["packs"].items())
      for (const auto& rule : pack["rules"].items())
        rules.add({text(rule["id"]), text(rule["verdict"]["development"]), text(rule["verdict"]["staging"]), text(rule["verdict"]["production"]),
                   text(rule["title"])});
    print("\n" + rules.to_string());
  }
  return kFine;
}

}  // namespace

std::vector<Command> policy_commands() {
  using Times = Option::Times;
  return {
      {"policy eval",
       "Evaluates a Rego query",
       "Flags, output and exit codes as `opa eval`.",
       {{"QUERY", "a Rego query body"}},
       {{"-d,--data", "PATH", "policy or data files or directories", Times::many},
        {"-i,--input", "FILE", "the input document"},
        {"-f,--format", "FORMAT", "json, pretty, values, bindings or raw", Times::once, "json|pretty|values|bindings|raw"},
        {"--fail", "", "exit 1 when the result is undefined or empty"},
        {"--fail-defined", "", "exit 1 when the result is defined"},
        {"--strict-builtin-errors", "", "the first failing built-in ends the evaluation"},
        {"--strict", "", "unused variables and imports are errors"},
        {"--seed", "N", "makes rand.intn and uuid.rfc4122 repeatable"}},
       {{"waybill policy eval -d policy.rego -i input.json data.example.allow", "a rule"},
        {"waybill policy eval 'x := 1; y := x + 1' -f pretty", "an expression"}},
       eval},
      {"policy test",
       "Runs the tests of policies",
       "Rules named test_…, as `opa test` does; exit 2 when one fails.",
       {{"PATH", "files or directories", Positional::Count::some}},
       {{"-d,--data", "PATH", "more policy or data files", Times::many},
        {"-v,--verbose", "", "list those that pass too"},
        {"-r,--run", "REGEX", "only tests whose name fits"},
        {"-f,--format", "FORMAT", "pretty or json", Times::once, "pretty|json"}},
       {{"waybill policy test policies/baseline", "a pack's tests"}, {"waybill policy test . -v --run sbom", "some, listed"}},
       test},
      {"policy check",
       "Checks policies and packs for mistakes",
       "A directory with a pack.yaml is checked as a pack: metadata, needs, names of input fields. Others are compiled.",
       {{"PATH", "files or directories", Positional::Count::some}},
       {{"--strict", "", "unused variables and imports are errors"}, {"-f,--format", "FORMAT", "pretty or json", Times::once, "pretty|json"}},
       {{"waybill policy check policies/baseline", "a pack"}, {"waybill policy check --strict my.rego", "a file"}},
       check},
      {"policy apply",
       "Lets policy documents, packs, services, environments or trust lists hold",
       "A document of a scope may only tighten what stands above it; to loosen there are exceptions.",
       {{"FILE", "YAML or JSON documents, or a pack's directory", Positional::Count::some}},
       with_connection({kOutput}),
       {{"waybill policy apply policy.yaml", "a policy document"}, {"waybill policy apply environments.yaml trust.yaml", "settings"}},
       apply},
      {"policy list",
       "Lists packs, their modes and rules",
       "",
       {},
       with_connection({{"--rules", "", "their rules too"},
                        {"--scope", "SCOPE", "as they hold for organisation/team/service"},
                        {"--tier", "TIER", "development, staging or production", Times::once, "development|staging|production"},
                        kOutput,
                        kAt}),
       {{"waybill policy list", "packs"}, {"waybill policy list --rules --scope acme/payments", "rules of a team"}},
       list},
  };
}

}  // namespace waybill::cli
