#include "waybill/rego/generator.h"
#include "waybill/rego/json_value.h"
#include "waybill/rego/machine.h"
#include "waybill/rego/parser.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/resolver.h"

namespace waybill::rego {

struct Evaluation::State {
  State(std::shared_ptr<const Policy> p, EvalOptions options) : policy(std::move(p)), machine(shared_program(policy), std::move(options)) {}

  // The program, kept alive by the policy.
  static std::shared_ptr<const detail::Program> shared_program(const std::shared_ptr<const Policy>& policy) {
    return std::shared_ptr<const detail::Program>(policy, &policy->program());
  }

  tl::unexpected<Error> failed() {
    if (machine.error()) errors.assign(1, *machine.error());
    const std::string message = errors.empty() ? "evaluation failed" : errors.front().to_text();
    return fail(machine.exhausted() ? Code::exhausted : Code::invalid, message);
  }

  std::shared_ptr<const Policy> policy;
  Machine machine;
  std::string input_text;
  std::vector<Diagnostic> errors;
  std::vector<std::unique_ptr<CompiledQuery>> queries;
};

Evaluation::Evaluation(std::shared_ptr<const Policy> policy, EvalOptions options) : state_(std::make_unique<State>(std::move(policy), std::move(options))) {}
Evaluation::~Evaluation() = default;
Evaluation::Evaluation(Evaluation&&) noexcept = default;
Evaluation& Evaluation::operator=(Evaluation&&) noexcept = default;

EvalOptions& Evaluation::options() { return state_->machine.options(); }
const std::vector<Diagnostic>& Evaluation::last_errors() const { return state_->errors; }
Evaluation::Counters Evaluation::counters() const { return {state_->machine.steps(), state_->machine.heap().bytes()}; }

Result<> Evaluation::set_input(std::string_view json) {
  std::string kept(json);
  state_->input_text.swap(kept);
  return set_input_view(state_->input_text);
}

Result<> Evaluation::set_input_view(std::string_view json) {
  state_->machine.reset();
  state_->queries.clear();
  auto value = parse_json_value(state_->machine.heap(), json);
  if (!value) return fail(std::move(value).error().at("input"));
  state_->machine.set_input(*value);
  return {};
}

Result<> Evaluation::set_input_term(std::string_view term) {
  state_->machine.reset();
  state_->queries.clear();
  const Parsed parsed = parse_term(std::string(term));
  if (parsed.error) return fail(Code::invalid, parsed.error->to_text());
  const Value value = Generator::literal(state_->machine.heap(), *parsed.term);
  if (!value) return fail(Code::invalid, "an input term must be a value: no variables, references or calls");
  state_->machine.set_input(value);
  return {};
}

void Evaluation::set_input_value(Value input) {
  state_->machine.reset();
  state_->queries.clear();
  state_->machine.set_input(input);
}

Value Evaluation::input() const { return state_->machine.input(); }

void Evaluation::clear_input() {
  state_->machine.reset();
  state_->queries.clear();
}

Result<Value> Evaluation::evaluate(std::string_view ref) {
  state_->errors.clear();
  std::vector<Value> path;
  bool simple = ref == "data" || ref.starts_with("data.");
  if (simple) {
    // data.a.b, the common form, without the parser.
    std::string_view rest = ref.size() > 5 ? ref.substr(5) : std::string_view();
    while (!rest.empty() && simple) {
      const auto dot = rest.find('.');
      const auto part = rest.substr(0, dot);
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
      for (char c : part) simple &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      simple &= !part.empty();
      path.push_back(Value::view(part));
    }
  }
  if (simple) {
    // The keys outlive the call only as parts of results that come from the tree itself.
    Value out;
    if (!state_->machine.evaluate_path(path, out)) return state_->failed();
    return out;
  }
  TRY(auto solutions, query("waybill_result__ = " + std::string(ref)));
  if (solutions.empty()) return Value();
  for (const auto& [name, value] : solutions.front().bindings) {
    if (name == "waybill_result__") return value;
  }
  return Value();
}

Result<std::optional<std::string>> Evaluation::evaluate_json(std::string_view ref) {
  TRY(const Value value, evaluate(ref));
  if (!value) return std::optional<std::string>();
  return std::optional<std::string>(value.to_json());
}

Result<std::vector<Evaluation::Solution>> Evaluation::query(std::string_view body) {
  state_->errors.clear();
  const Parsed parsed = parse_query(std::string(body));
  if (parsed.error) {
    state_->errors.push_back(*parsed.error);
    return fail(Code::invalid, parsed.error->to_text());
  }
  auto compiled = std::make_unique<CompiledQuery>();
  compiled->tree = parsed.tree;
  const detail::Program::Names names;
  Resolver resolver(*parsed.tree, names, false, state_->errors);
  const auto variables = resolver.query(*parsed.query);
  if (state_->errors.empty()) {
    Generator generator(state_->machine.program(), state_->machine.heap(), *parsed.tree, state_->errors, nullptr);
    generator.query(*parsed.query, parsed.query->last_slot, variables, *compiled);
  }
  if (!state_->errors.empty()) return fail(Code::invalid, state_->errors.front().to_text());
  std::vector<std::vector<Value>> rows;
  const bool fine = state_->machine.run_query(*compiled, rows);
  state_->queries.push_back(std::move(compiled));
  if (!fine) return state_->failed();
  const CompiledQuery& query = *state_->queries.back();
  std::vector<Solution> out;
  for (auto& row : rows) {
    Solution s;
    for (size_t i = 0; i < query.variables.size(); ++i) s.bindings.emplace_back(query.variables[i], row[i]);
    s.expressions.assign(row.begin() + static_cast<std::ptrdiff_t>(query.variables.size()), row.end());
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace waybill::rego
