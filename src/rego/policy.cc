// The compiler's stages, in OPA's order: parse, build the tree of rules, resolve names, generate code, look for recursion.
#include <algorithm>
#include <set>

#include "waybill/base/json_in.h"
#include "waybill/rego/annotations.h"
#include "waybill/rego/generator.h"
#include "waybill/rego/json_value.h"
#include "waybill/rego/limits.h"
#include "waybill/rego/parser.h"
#include "waybill/rego/program.h"
#include "waybill/rego/resolver.h"

namespace waybill::rego {

std::string Diagnostic::to_string() const {
  std::string out;
  if (!location.file.empty()) out += location.file + ":";
  if (location.row != 0)
    out += std::to_string(location.row) + ": ";
  else if (!out.empty())
    out += " ";
  return out + code + ": " + message;
}

std::string Diagnostic::to_text() const {
  std::string out = to_string();
  if (location.row == 0 || line.empty()) return out;
  out += "\n  " + line + "\n  ";
  for (uint32_t i = 1; i < location.column && i <= line.size(); ++i) out += line[i - 1] == '\t' ? '\t' : ' ';
  return out + "^";
}

namespace {

class Compiler {
 public:
  Compiler(std::span<const Module> modules, std::string_view data, const CompileOptions& options) : modules_(modules), data_(data) {
    program_ = std::make_shared<detail::Program>();
    program_->options = options;
  }

  Policy::Outcome run() {
    parse();
    if (errors_.empty()) load_data();
    if (errors_.empty()) name();
    if (errors_.empty()) resolve();
    if (errors_.empty()) group();
    if (errors_.empty()) generate();
    if (errors_.empty()) find_recursion();
    if (errors_.empty()) describe();
    Policy::Outcome outcome;
    if (errors_.empty()) {
      outcome.policy = std::make_shared<const Policy>(program_);
      return outcome;
    }
    if (errors_.size() > kMaxErrors) errors_.resize(kMaxErrors);
    outcome.errors = std::move(errors_);
    return outcome;
  }

 private:
  void parse() {
    for (const Module& m : modules_) {
      Parsed parsed = parse_module(m.name, m.text);
      if (parsed.error) {
        errors_.push_back(std::move(*parsed.error));
        continue;
      }
      auto annotations = read_annotations(*parsed.tree, errors_);
      for (auto& a : annotations) program_->annotations.push_back(std::move(a));
      program_->trees.push_back(std::move(parsed.tree));
    }
  }

  void load_data() {
    program_->data_text = std::string(data_);
    auto value = parse_json_value(program_->heap, program_->data_text);
    if (!value || !value->is_object()) {
      Diagnostic d;
      d.code = "storage_invalid_data_error";
      d.message = value ? "base documents must be a JSON object" : "base documents: " + value.error().to_string();
      errors_.push_back(std::move(d));
      return;
    }
    program_->base = *value;
    warm(program_->base);
  }
  // Hashes are cached in values: base documents are shared by threads, so they are computed here.
  static void warm(const Value& v) { v.hash(); }

  void name() {
    absl::flat_hash_map<std::string, std::vector<std::string_view>> rules_of;
    const auto path_of = [](const SyntaxTree& tree) {
      std::string path;
      for (auto part : tree.package) path += std::string(part) + '\0';
      return path;
    };
    for (const auto& tree : program_->trees) {
      auto& names = rules_of[path_of(*tree)];
      for (const Rule* r : tree->rules) names.push_back(r->name[0]->text);
    }
    for (const auto& tree : program_->trees) {
      auto names = std::make_unique<detail::Program::Names>();
      names->package.assign(tree->package.begin(), tree->package.end());
      for (auto n : rules_of[path_of(*tree)]) names->rules[n] = true;
      for (const Import& import : tree->imports) {
        const auto head = import.path[0]->text;
        if (head == "future" || head == "rego") continue;
        if (import.alias == "input" || import.alias == "data") {
          if (import.path.size() > 1 || import.alias != head) {
            errors_.push_back(diagnostic_at(*tree, import.begin, "rego_compile_error", "import must not shadow " + std::string(import.alias)));
          }
          continue;
        }
        std::vector<std::string_view> path;
        for (const Term* t : import.path) path.push_back(t->text);
        if (!names->imports.emplace(import.alias, std::move(path)).second) {
          errors_.push_back(diagnostic_at(*tree, import.begin, "rego_compile_error", "import must not shadow import " + std::string(import.alias)));
        }
      }
      for (const Rule* r : tree->rules) {
        const auto n = r->name[0]->text;
        if (n == "input" || n == "data") {
          errors_.push_back(diagnostic_at(*tree, r->begin, "rego_compile_error", "rules must not shadow " + std::string(n) + " (use a different rule name)"));
        }
        if (names->imports.contains(n)) {
          errors_.push_back(diagnostic_at(*tree, r->begin, "rego_compile_error", "rule " + std::string(n) + " conflicts with the import of the same name"));
        }
      }
      program_->names.push_back(std::move(names));
    }
  }

  void resolve() {
    for (size_t i = 0; i < program_->trees.size(); ++i) {
      SyntaxTree& tree = *program_->trees[i];
      Resolver resolver(tree, *program_->names[i], program_->options.strict, errors_);
      for (Rule* r : tree.rules) resolver.rule(*r);
    }
  }

  Node* child(Node* node, std::string_view name) {
    if (Node* found = node->child(name)) return found;
    auto made = std::make_unique<Node>();
    made->name = std::string(name);
    made->parent = node;
    made->depth = node->depth + 1;
    made->key = program_->heap.string(name);
    Node* raw = made.get();
    const auto at = std::lower_bound(node->ordered.begin(), node->ordered.end(), name, [](const auto& n, std::string_view x) { return n->name < x; });
    node->ordered.insert(at, std::move(made));
    node->children.emplace(raw->name, raw);
    return raw;
  }

  void group() {
    // Packages first: a module without rules is an empty document.
    for (const auto& tree : program_->trees) {
      Node* node = &program_->root;
      for (auto part : tree->package) node = child(node, part);
      node->is_package = true;
    }
    for (const auto& tree : program_->trees) {
      Node* package = &program_->root;
      for (auto part : tree->package) package = child(package, part);
      for (Rule* r : tree->rules) {
        Node* node = child(package, r->name[0]->text);
        Clause clause;
        clause.rule = r;
        clause.tree = tree.get();
        size_t i = 1;
        for (; i < r->name.size() && r->name[i]->kind == TermKind::string; ++i) node = child(node, r->name[i]->text);
        for (; i < r->name.size(); ++i) clause.tail.push_back(r->name[i]);
        add(node, std::move(clause));
      }
    }
    merge(&program_->root);
    check(&program_->root);
  }

  void add(Node* node, Clause clause) {
    const Rule& r = *clause.rule;
    const GroupKind kind = r.is_function          ? GroupKind::function
                           : !clause.tail.empty() ? GroupKind::partial_object
                           : r.key != nullptr     ? GroupKind::partial_set
                                                  : GroupKind::complete;
    if (node->group == nullptr) {
      auto made = std::make_unique<Group>();
      made->id = static_cast<uint32_t>(program_->groups.size());
      made->kind = kind;
      made->name = "data";
      std::vector<const Node*> path;
      for (const Node* n = node; n->parent != nullptr; n = n->parent) path.insert(path.begin(), n);
      for (const Node* n : path) {
        made->path.push_back(n->key);
        made->name += "." + n->name;
      }
      made->arity = static_cast<uint32_t>(r.args.size());
      node->group = made.get();
      program_->groups.push_back(std::move(made));
    }
    Group& g = *node->group;
    if (r.is_default) {
      if (g.fallback) {
        errors_.push_back(diagnostic_at(*clause.tree, r.begin, "rego_type_error", "multiple default rules " + g.name + " found"));
        return;
      }
      if (g.kind == GroupKind::partial_set || (g.kind == GroupKind::partial_object)) g.kind = kind;
      g.fallback = std::move(clause);
      return;
    }
    const bool only_default = g.clauses.empty() && g.fallback;
    if (g.kind != kind) {
      const bool objects =
          (g.kind == GroupKind::complete && kind == GroupKind::partial_object) || (g.kind == GroupKind::partial_object && kind == GroupKind::complete);
      if (only_default && kind != GroupKind::function) {
        g.kind = kind;
      } else if (objects) {
        g.kind = GroupKind::partial_object;  // judged when the values are known
      } else {
        errors_.push_back(diagnostic_at(*clause.tree, r.begin, "rego_type_error", "conflicting rules " + g.name + " found"));
        return;
      }
    }
    if (kind == GroupKind::function && g.arity != r.args.size()) {
      errors_.push_back(diagnostic_at(*clause.tree, r.begin, "rego_type_error", "conflicting rules " + g.name + " found: different numbers of arguments"));
      return;
    }
    g.clauses.push_back(std::move(clause));
  }

  // Rules below a partial object are part of its document: `p.q := 1` beside `p[x] := y`.
  void merge(Node* node) {
    if (node->group != nullptr && node->group->kind == GroupKind::partial_object) {
      std::vector<Value> prefix;
      for (const auto& c : node->ordered) absorb(*node->group, c.get(), prefix);
      return;
    }
    for (const auto& c : node->ordered) merge(c.get());
  }
  void absorb(Group& into, Node* node, std::vector<Value>& prefix) {
    prefix.push_back(node->key);
    if (node->group != nullptr && node->group->kind != GroupKind::function) {
      for (Clause& c : node->group->clauses) {
        c.tail_prefix = prefix;
        into.clauses.push_back(std::move(c));
      }
      node->group->clauses.clear();
      node->group = nullptr;
    }
    for (const auto& c : node->ordered) absorb(into, c.get(), prefix);
    prefix.pop_back();
  }

  void check(Node* node) {
    if (node->group != nullptr && node->group->kind != GroupKind::partial_object) {
      for (const auto& c : node->ordered) {
        if (!c->group && c->ordered.empty() && !c->is_package) continue;
        const Clause* clause = !node->group->clauses.empty() ? &node->group->clauses.front() : node->group->fallback ? &*node->group->fallback : nullptr;
        if (clause != nullptr) {
          errors_.push_back(diagnostic_at(*clause->tree, clause->rule->begin, c->is_package ? "rego_compile_error" : "rego_type_error",
                                          c->is_package
                                              ? "package " + node->group->name.substr(5) + "." + c->name + " conflicts with rule " + node->name +
                                                    " defined at " + clause->tree->name + ":" + std::to_string(clause->tree->row_of(clause->rule->begin))
                                              : "rule " + node->group->name + " conflicts with [" + node->group->name + "." + c->name + "]"));
        }
        break;
      }
    }
    for (const auto& c : node->ordered) check(c.get());
  }

  void generate() {
    for (const auto& g : program_->groups) {
      const auto one = [&](Clause& clause) {
        Generator generator(*program_, program_->heap, *clause.tree, errors_, g.get());
        generator.clause(clause, g->kind, g->arity);
      };
      for (Clause& c : g->clauses) one(c);
      if (g->fallback) one(*g->fallback);
      std::sort(g->uses.begin(), g->uses.end());
      g->uses.erase(std::unique(g->uses.begin(), g->uses.end()), g->uses.end());
      g->same_constant = same_constant(*g);
      size_t work = 0;
      for (const Clause& c : g->clauses) {
        for (const Instruction& i : c.code.instructions) work += i.op == Op::scan || i.op == Op::function || i.op == Op::builtin ? 4 : 1;
      }
      g->memoise = g->kind == GroupKind::function && work > 24;
    }
    // Constants' hashes are computed before threads share them.
    for (const auto& g : program_->groups) {
      for (const Clause& c : g->clauses) {
        for (const Value& v : c.code.constants) v.hash();
      }
      if (g->fallback) {
        for (const Value& v : g->fallback->code.constants) v.hash();
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& g : program_->groups) {
        if (g->reads_input) continue;
        for (uint32_t u : g->uses) {
          if (program_->groups[u]->reads_input) {
            g->reads_input = changed = true;
            break;
          }
        }
      }
    }
  }

  static bool same_constant(const Group& g) {
    if (g.kind != GroupKind::complete && g.kind != GroupKind::function) return false;
    Heap heap;
    Value common;
    for (const Clause& c : g.clauses) {
      if (c.rule->otherwise != nullptr) return false;
      const Value v = c.rule->value == nullptr ? Value::of(true) : Generator::literal(heap, *c.rule->value);
      if (!v || (common && !Value::equal(v, common))) return false;
      common = v;
    }
    return true;
  }

  void find_recursion() {
    std::vector<char> state(program_->groups.size(), 0);
    std::vector<uint32_t> path;
    std::vector<size_t> edge;
    for (uint32_t start = 0; start < state.size(); ++start) {
      if (state[start] != 0) continue;
      path.assign(1, start);
      edge.assign(1, 0);
      state[start] = 1;
      while (!path.empty()) {
        const auto& uses = program_->groups[path.back()]->uses;
        if (edge.back() == uses.size()) {
          state[path.back()] = 2;
          path.pop_back();
          edge.pop_back();
          continue;
        }
        const uint32_t next = uses[edge.back()++];
        if (state[next] == 0) {
          state[next] = 1;
          path.push_back(next);
          edge.push_back(0);
        } else if (state[next] == 1) {
          std::string cycle;
          for (auto it = std::find(path.begin(), path.end(), next); it != path.end(); ++it) cycle += program_->groups[*it]->name + " -> ";
          const Group& g = *program_->groups[next];
          const Clause& c = g.clauses.empty() ? *g.fallback : g.clauses.front();
          errors_.push_back(diagnostic_at(*c.tree, c.rule->begin, "rego_recursion_error",
                                          (g.kind == GroupKind::function ? "function " : "rule ") + g.name + " is recursive: " + cycle + g.name));
          if (errors_.size() >= kMaxErrors) return;
        }
      }
    }
  }

  void describe() {
    std::map<std::string, PackageInfo> packages;
    for (const auto& tree : program_->trees) {
      std::string path = "data";
      for (auto part : tree->package) path += "." + std::string(part);
      auto& info = packages[path];
      if (info.path.empty()) info.path = path, info.file = tree->name;
      for (const Rule* r : tree->rules) info.rules.emplace_back(r->name[0]->text);
    }
    for (auto& [path, info] : packages) {
      std::sort(info.rules.begin(), info.rules.end());
      info.rules.erase(std::unique(info.rules.begin(), info.rules.end()), info.rules.end());
      program_->packages.push_back(std::move(info));
    }
    for (size_t i = 0; i < program_->annotations.size(); ++i) {
      const Annotation& a = program_->annotations[i];
      if (a.scope == "package") program_->package_annotations.emplace(a.package, i);
    }
  }

  std::span<const Module> modules_;
  std::string_view data_;
  std::shared_ptr<detail::Program> program_;
  std::vector<Diagnostic> errors_;
};

const Node* find_node(const detail::Program& program, std::string_view ref, bool& inside_group) {
  inside_group = false;
  const Node* node = &program.root;
  if (ref == "data") return node;
  if (!ref.starts_with("data.")) return nullptr;
  ref.remove_prefix(5);
  while (!ref.empty()) {
    const auto dot = ref.find('.');
    const auto part = ref.substr(0, dot);
    ref = dot == std::string_view::npos ? std::string_view() : ref.substr(dot + 1);
    const Node* next = node->child(part);
    if (next == nullptr) {
      inside_group = node->group != nullptr;
      return inside_group ? node : nullptr;
    }
    node = next;
  }
  return node;
}

}  // namespace

Policy::Outcome Policy::compile_all(std::span<const Module> modules, std::string_view data_json, const CompileOptions& options) {
  return Compiler(modules, data_json, options).run();
}

Result<std::shared_ptr<const Policy>> Policy::compile(std::span<const Module> modules, std::string_view data_json, const CompileOptions& options) {
  auto outcome = compile_all(modules, data_json, options);
  if (outcome.policy) return std::move(outcome.policy);
  std::string message = outcome.errors.front().to_text();
  if (outcome.errors.size() > 1) message += "\n(and " + std::to_string(outcome.errors.size() - 1) + " more)";
  return fail(Code::invalid, std::move(message));
}

const std::vector<Annotation>& Policy::annotations() const { return program_->annotations; }
const std::vector<PackageInfo>& Policy::packages() const { return program_->packages; }

std::string_view Policy::package_annotation(std::string_view package) const {
  const auto it = program_->package_annotations.find(std::string(package));
  return it == program_->package_annotations.end() ? std::string_view() : std::string_view(program_->annotations[it->second].json);
}

InputUse Policy::input_use(std::span<const std::string> entrypoints) const {
  InputUse use;
  std::vector<char> seen(program_->groups.size(), 0);
  std::vector<uint32_t> queue;
  const auto visit = [&](uint32_t id) {
    if (seen[id]) return;
    seen[id] = 1;
    queue.push_back(id);
  };
  for (const auto& e : entrypoints) {
    bool inside = false;
    const Node* start = find_node(*program_, e, inside);
    if (start == nullptr) continue;
    std::vector<const Node*> at{start};
    while (!at.empty()) {
      const Node* n = at.back();
      at.pop_back();
      if (n->group != nullptr) visit(n->group->id);
      for (const auto& c : n->ordered) at.push_back(c.get());
    }
  }
  std::set<std::string> slices, paths;
  while (!queue.empty()) {
    const Group& g = *program_->groups[queue.back()];
    queue.pop_back();
    use.all |= g.input_all;
    for (const auto& p : g.input_paths) {
      paths.insert(p);
      slices.insert(p.substr(0, p.find('.')));
    }
    for (uint32_t u : g.uses) visit(u);
  }
  use.slices.assign(slices.begin(), slices.end());
  use.paths.assign(paths.begin(), paths.end());
  return use;
}

bool Policy::has(std::string_view ref) const {
  bool inside = false;
  if (find_node(*program_, ref, inside) != nullptr) return true;
  if (!ref.starts_with("data.")) return false;
  ref.remove_prefix(5);
  Value at = program_->base;
  while (!ref.empty() && at) {
    const auto dot = ref.find('.');
    at = at.find(ref.substr(0, dot));
    ref = dot == std::string_view::npos ? std::string_view() : ref.substr(dot + 1);
  }
  return at.defined();
}

}  // namespace waybill::rego
