// The policy language: OPA's Rego v1 (semantics of OPA 1.22), compiled once, evaluated often.
//
//   TRY(auto policy, Policy::compile(modules, data_json));
//   Evaluation evaluation(policy, {.now_ns = now});
//   TRY_DO(evaluation.set_input(input_json));                          // parsed once …
//   TRY(auto document, evaluation.evaluate("data.waybill.baseline.sbom_present"));  // … for many questions
//   document["broken"].elements();
//
// Called by policy/ (packs), by `waybill policy …` and by the conformance runner. It knows nothing of Waybill, never
// reads a clock, the network or a file: what a policy may see is handed in. Same policy, data, input and options: same
// answer, bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/rego/value.h"

namespace waybill::rego {

// One file of Rego. `name` is what error messages call it.
struct Module {
  std::string name, text;
};

struct Location {
  std::string file;
  uint32_t row = 0, column = 0;  // from 1; 0: no place
};

// One complaint, in OPA's words: code "rego_parse_error", "rego_compile_error", "rego_unsafe_var_error",
// "rego_recursion_error", "rego_type_error", "eval_conflict_error", "eval_builtin_error", "eval_type_error", …
struct Diagnostic {
  std::string code, message;
  Location location;
  std::string line;  // the source line that `location` points into
  // "file:3: rego_parse_error: unexpected token", as OPA prints it.
  std::string to_string() const;
  // The same with the line and a caret below it.
  std::string to_text() const;
};

// What an evaluation may do beyond computing. Gates grant none of it.
struct Capabilities {
  bool random = false;       // rand.intn, uuid.rfc4122
  bool environment = false;  // opa.runtime
  bool network = false;      // net.lookup_ip_addr (literal addresses and localhost need none), http.send
};

struct CompileOptions {
  bool strict = false;     // unused locals, arguments and imports are errors
  bool keep_print = true;  // false: print calls are compiled away
};

// What the rules reached from an entry point read of `input`.
struct InputUse {
  std::vector<std::string> slices;  // first keys, sorted, unique
  std::vector<std::string> paths;   // dotted static prefixes: "subject.digest", "vulnerabilities"; sorted, unique
  bool all = false;                 // `input` as a whole or input[x] with an unknown x is read
};

// A METADATA annotation.
struct Annotation {
  std::string scope;    // "package", "subpackages", "document", "rule"
  std::string package;  // "data.waybill.baseline.sbom_present"
  std::string rule;     // "" for a package, else the rule's path below the package
  Location location;    // of what is annotated
  std::string json;     // title, description, scope, custom, … as written
};

struct PackageInfo {
  std::string path;                // "data.waybill.baseline.sbom_present"
  std::string file;                // the first module that declares it
  std::vector<std::string> rules;  // names of its rules and functions, sorted, unique
};

namespace detail {
struct Program;
}

// Modules and base documents, compiled. Immutable, may be shared by threads.
class Policy {
 public:
  struct Outcome {
    std::shared_ptr<const Policy> policy;  // null when there are errors
    std::vector<Diagnostic> errors;        // in OPA's order: all of the first stage that failed, at most 10
  };
  static Outcome compile_all(std::span<const Module> modules, std::string_view data_json = "{}", const CompileOptions& options = {});
  // The same with one Error: its message is the first complaint with line and caret (the rest are counted).
  static Result<std::shared_ptr<const Policy>> compile(std::span<const Module> modules, std::string_view data_json = "{}", const CompileOptions& options = {});

  const std::vector<Annotation>& annotations() const;
  // The JSON of the package-scoped annotation of "data.a.b"; "" when there is none.
  std::string_view package_annotation(std::string_view package) const;
  const std::vector<PackageInfo>& packages() const;
  // What is read of `input`, following calls and references through all rules below these refs
  // ("data.waybill.baseline", "data.x.allow"). An unknown ref adds nothing.
  InputUse input_use(std::span<const std::string> entrypoints) const;
  // Is there a rule, package or base document at this ref?
  bool has(std::string_view ref) const;

  const detail::Program& program() const { return *program_; }
  explicit Policy(std::shared_ptr<const detail::Program> program) : program_(std::move(program)) {}

 private:
  std::shared_ptr<const detail::Program> program_;
};

// What a rule that never ends (a join of everything with everything) runs into: an error that names the rule.
struct Budget {
  uint64_t steps = 2'000'000'000;      // instructions and visited items
  uint64_t memory_bytes = 4ULL << 30;  // of the evaluation's heap
  int64_t time_ms = 0;                 // wall clock of one evaluate(); 0: none. Checked every few thousand steps
};

struct EvalOptions {
  int64_t now_ns = 0;                  // time.now_ns(), constant in an evaluation
  bool strict_builtin_errors = false;  // the first failing built-in ends the evaluation; else it is undefined
  Budget budget = {};
  Capabilities capabilities = {};
  uint64_t seed = 0;  // for rand and uuid, so that they repeat
  // Called for each print(); `place` is "file:row". None: prints are dropped.
  std::function<void(std::string_view text, std::string_view place)> print = nullptr;
  // What opa.runtime().env shows when `capabilities.environment`.
  std::vector<std::pair<std::string, std::string>> environment = {};
};

// One thread's evaluations of one policy: registers, heap and caches, used again and again. All that was made since
// set_input() lives until the next set_input(): results, and the shared cache of rules, so that many entry points over
// one input compute each rule once.
class Evaluation {
 public:
  explicit Evaluation(std::shared_ptr<const Policy> policy, EvalOptions options = {});
  ~Evaluation();
  Evaluation(Evaluation&&) noexcept;
  Evaluation& operator=(Evaluation&&) noexcept;

  EvalOptions& options();

  // Parses the input and forgets all earlier results. The text is copied. Errors: invalid JSON, with its place.
  Result<> set_input(std::string_view json);
  // The same without a copy: the text must live as long as anything computed from it.
  Result<> set_input_view(std::string_view json);
  // The same from Rego term text, which can hold sets.
  Result<> set_input_term(std::string_view term);
  // A value that was made elsewhere, as it is: its heap must outlive all that is computed from it.
  void set_input_value(Value input);
  // What set_input() made, for those who read it besides the rules; valid until the next one.
  Value input() const;
  // `input` is undefined (not null). The state after construction.
  void clear_input();

  // The document at "data.a.b.rule" (a rule's value, a package's document, a base document) or "input.a.b"; an
  // undefined Value when it is undefined. Errors (last_error() has the details): invalid for a ref that is none, for
  // conflicts and strict built-in errors; exhausted for the budget, naming the rule.
  Result<Value> evaluate(std::string_view ref);
  // evaluate() as JSON text; nullopt when undefined.
  Result<std::optional<std::string>> evaluate_json(std::string_view ref);

  struct Solution {
    std::vector<std::pair<std::string, Value>> bindings;  // variable → value, in order of first sight
    std::vector<Value> expressions;                       // the value of each expression of the query's body
  };
  // All solutions of an ad-hoc query body ("x = data.p.q; x > 3"). Compiled against the policy each time.
  Result<std::vector<Solution>> query(std::string_view body);

  // Of the last call that failed.
  const std::vector<Diagnostic>& last_errors() const;
  // Since set_input(): for benchmarks and budgets.
  struct Counters {
    uint64_t steps = 0, heap_bytes = 0;
  };
  Counters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace waybill::rego
