// A compiled policy: the tree of rules by path, and register bytecode for each clause.
//
// Made by the compiler, run by the machine, immutable in between.
//
//   body of three expressions            code
//   some c in input.xs          ──▶      input r0 | dot r1 r0 "xs" | scan r2 r1
//   c.kind == "a"                   L1:  next r2 → r4 (exit: FAIL) | dot r5 r4 "kind" (else L1) | equal r5 "a" (else L1)
//   f(c.name, y)                         dot r6 r4 "name" (else L1) | call r7 f(r6) (else L1)
//                                        emit … | jump L1          FAIL: return
//
// Each instruction that can be undefined or false names where to go then: the `next` of the innermost open loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/rego/ast.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/value.h"

namespace waybill::rego {

enum class Op : uint8_t {
  move,        // a = b
  jump,        // to d
  dot,         // a = b[c], else d
  scan,        // a, a+1 = iterator over b; to d when b is no collection
  next,        // of iterator a: key → b, value → c (kNone: not wanted); to d at its end
  input,       // a = input, else d
  base,        // a = base documents
  node,        // a = documents below tree node b, else d
  force,       // a = b, all of it computed, else d
  rule,        // a = document of group b, else d
  function,    // a = group b (n operands at c), else d
  builtin,     // a = built-in b (n operands at c), else d
  make_array,  // a = [n operands at c]
  make_set,
  make_object,  // n pairs
  equal,        // b == c, else d
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  member,  // b in c, else d
  truthy,  // b is not false, else d
  add,
  subtract,
  multiply,       // a = b op c, else d
  array_length,   // b is an array of n items, else d
  object_length,  // b is an object of n members, else d
  collect,        // a = new accumulator
  put,            // accumulator a: item b
  put_pair,       // accumulator a: key b, value c
  take_array,     // a = accumulator b as an array; gone
  take_set,
  take_object,
  with_push,  // n targets at withs[b], values at operands c
  with_pop,
  emit_value,     // the clause's value is b; n = 1: and that's all
  emit_element,   // b is in the set
  emit_path,      // n keys at operands c, value b; a = 1: the leaf is a set
  emit_row,       // n operands at c are a solution
  note_case,      // n operands at c name a case of a test
  done_if_value,  // return when the clause has a value already (else chains)
  ret,
};

constexpr uint32_t kConstant = 0x80000000u;  // operand: constants[x & ~kConstant] instead of a register
constexpr uint32_t kNone = 0x7fffffffu;

struct Instruction {
  Op op;
  uint16_t n;
  uint32_t a, b, c, d;
};

struct Node;
struct Group;

struct WithTarget {
  enum class Kind : uint8_t { input, data, builtin, function };
  Kind kind;
  std::vector<Value> path;           // below input or data
  const Builtin* builtin = nullptr;  // what is replaced …
  const Group* group = nullptr;
  const Builtin* by_builtin = nullptr;  // … by what; neither: by the value
  const Group* by_group = nullptr;
};

struct Bytecode {
  std::vector<Instruction> instructions;
  std::vector<uint32_t> places;  // byte of the module's text, per instruction
  std::vector<Value> constants;
  std::vector<uint32_t> operands;
  std::vector<std::vector<WithTarget>> withs;
  uint32_t registers = 0;
  const SyntaxTree* tree = nullptr;
  const Group* group = nullptr;
};

// One rule as written, with its else branches.
struct Clause {
  const Rule* rule = nullptr;
  const SyntaxTree* tree = nullptr;
  std::vector<Term*> tail;         // dynamic rest of the head's ref
  std::vector<Value> tail_prefix;  // constant keys before it, where groups were merged
  Bytecode code;
};

enum class GroupKind : uint8_t { complete, function, partial_set, partial_object };

// All rules of one path.
struct Group {
  uint32_t id = 0;
  GroupKind kind = GroupKind::complete;
  std::vector<Value> path;  // strings, "data" not included
  std::string name;         // "data.a.b.c"
  uint32_t arity = 0;
  std::vector<Clause> clauses;
  std::optional<Clause> fallback;  // default
  bool same_constant = false;      // all clauses give the same constant: the first that holds is enough
  bool memoise = false;            // function: worth remembering by operands
  // Dependencies.
  std::vector<uint32_t> uses;  // groups
  std::vector<std::string> input_paths;
  bool input_all = false;    // `input` as a whole, or input[x]
  bool reads_input = false;  // here or below
  bool reads_data = true;
};

struct Node {
  std::string name;
  Node* parent = nullptr;
  Value key;
  uint32_t depth = 0;
  std::vector<std::unique_ptr<Node>> ordered;  // sorted by name
  absl::flat_hash_map<std::string_view, Node*> children;
  Group* group = nullptr;
  bool is_package = false;
  Node* child(std::string_view key_text) const {
    const auto it = children.find(key_text);
    return it == children.end() ? nullptr : it->second;
  }
};

// A part of `data` that is not yet a value: rules below `node`, base documents beside them.
struct DataRep {
  const Node* node;
  Value base;
};

namespace detail {

struct Program {
  std::vector<std::shared_ptr<SyntaxTree>> trees;
  std::string data_text;
  Heap heap;  // constants and base documents
  Value base;
  Node root;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<Annotation> annotations;
  absl::flat_hash_map<std::string, size_t> package_annotations;
  std::vector<PackageInfo> packages;
  CompileOptions options;
  // What names mean in a module: "x" → the package's rule, the imported path.
  struct Names {
    absl::flat_hash_map<std::string_view, std::vector<std::string_view>> imports;
    absl::flat_hash_map<std::string_view, bool> rules;
    std::vector<std::string_view> package;
  };
  std::vector<std::unique_ptr<Names>> names;  // as trees
};

}  // namespace detail

// A query, compiled against a program. Its constants are in `heap`.
struct CompiledQuery {
  std::shared_ptr<SyntaxTree> tree;
  Bytecode code;
  std::vector<std::string> variables;
  size_t expressions = 0;
};

}  // namespace waybill::rego
