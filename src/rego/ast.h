// The syntax tree of one module: plain nodes in one arena, each with its place in the text; comments are kept.
//
// Made by the parser, annotated (variables' slots) and read by the compiler. It never changes after compilation and
// knows nothing of values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/arena.h"

namespace waybill::rego {

struct Body;

enum class TermKind : uint8_t {
  null,
  boolean,
  number,
  string,
  var,
  ref,
  array,
  object,
  set,
  array_comprehension,
  set_comprehension,
  object_comprehension,
  call,
  template_string,
};

struct Term {
  TermKind kind = TermKind::null;
  bool flag = false;            // boolean: the value. var: written as `_`
  int32_t slot = -1;            // var: which variable of the rule (compiler)
  uint32_t begin = 0, end = 0;  // bytes of the module's text
  std::string_view text;        // name, decoded string, number; call: name of an infix operator's built-in
  // array, set: items. object: key, value, … ref: head, operands. call: arguments. comprehension: head (key, value).
  // template_string: strings and expressions.
  std::span<Term*> items;
  Term* op = nullptr;    // call: the function's ref or var; null for an infix operator
  Body* body = nullptr;  // comprehension
};

struct With {
  Term* target;
  Term* value;
};

enum class ExprKind : uint8_t { term, unify, assign, some_vars, some_in, every, not_body };

struct Expr {
  ExprKind kind = ExprKind::term;
  bool negated = false;
  uint32_t begin = 0, end = 0;
  Term* left = nullptr;                   // term; left side; key of some … in and every (may be null)
  Term* right = nullptr;                  // right side; value of some … in and every
  Term* domain = nullptr;                 // of some … in and every
  std::span<Term*> vars;                  // some x, y
  int32_t first_slot = 0, last_slot = 0;  // every: its key, value and body's variables (resolver)
  Body* body = nullptr;                   // every, not {…}
  std::span<With> withs;
};

struct Body {
  std::span<Expr*> exprs;
  uint32_t begin = 0, end = 0;
  int32_t first_slot = 0, last_slot = 0;  // variables made inside: [first, last) (resolver)
};

struct Rule {
  std::span<Term*> name;  // ref of the head below the package: var, then strings or terms
  std::span<Term*> args;
  bool is_function = false;
  bool is_default = false;
  bool is_else = false;
  Term* key = nullptr;        // contains
  Term* value = nullptr;      // null: true
  Body* body = nullptr;       // null: always
  Rule* otherwise = nullptr;  // else
  uint32_t begin = 0, end = 0;
  uint32_t head_end = 0;
  int32_t slots = 0;  // variables of the rule and its else branches (resolver)
};

struct Import {
  std::span<Term*> path;
  std::string_view alias;  // last part of the path unless `as` says otherwise
  uint32_t begin = 0, end = 0;
};

struct Comment {
  uint32_t begin, end;
};

struct SyntaxTree {
  std::string name, text;
  Arena arena;
  std::vector<std::string_view> package;
  uint32_t package_begin = 0;
  std::vector<Import> imports;
  std::vector<Rule*> rules;
  std::vector<Comment> comments;
  std::vector<uint32_t> lines;  // where each line begins

  uint32_t row_of(uint32_t byte) const;
  uint32_t column_of(uint32_t byte) const;
  std::string_view line_at(uint32_t byte) const;
};

}  // namespace waybill::rego
