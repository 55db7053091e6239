// Names → meanings, in the tree itself: local variables get slots, names of rules and imports become data.… refs.
//
// Called by the compiler, once for each rule and query. It reports names that are declared twice or used too early;
// whether a variable can be bound is the code generator's question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/rego/ast.h"
#include "waybill/rego/program.h"

namespace waybill::rego {

class Resolver {
 public:
  Resolver(SyntaxTree& tree, const detail::Program::Names& names, bool strict, std::vector<Diagnostic>& errors)
      : tree_(tree), names_(names), strict_(strict), errors_(errors) {}

  void rule(Rule& rule);
  // The variables of a query by name, in order of first sight.
  std::vector<std::pair<std::string, int32_t>> query(Body& body);

 private:
  struct Variable {
    std::string_view name;
    int32_t slot;
    enum class How : uint8_t { argument, declared, implicit } how;
    size_t body;  // which body it belongs to
    uint32_t place;
  };
  void resolve_body(Body& body);
  void resolve_expr(Expr& expr);
  void resolve_term(Term* term);
  void resolve_with(With& with);
  void make_ref(Term* term, const std::vector<std::string_view>& path, std::span<Term*> rest);
  void global(Term* term, std::span<Term*> operands);
  const Variable* find(std::string_view name) const;
  int32_t declare(std::string_view name, Variable::How how, uint32_t place);
  void declare_pattern(Term* term, std::string_view complaint);
  void find_implicit(Term* term);
  void find_implicit(Expr& expr);
  void find_declared(Term* term, std::vector<std::string_view>& out) const;
  bool is_global(std::string_view name) const;
  bool names_builtin(const Term* t) const;
  void complain(uint32_t place, std::string code, std::string message);

  SyntaxTree& tree_;
  const detail::Program::Names& names_;
  bool strict_;
  std::vector<Diagnostic>& errors_;
  std::vector<Variable> scope_;
  std::vector<std::string_view> declared_later_;
  struct Declared {
    std::string_view name;
    int32_t slot;
    uint32_t place;
    bool argument;
  };
  std::vector<Declared> all_declared_;
  std::vector<char> used_;  // by slot
  size_t body_ = 0, body_counter_ = 0;
  int32_t next_slot_ = 0;
  bool arguments_ = false;
};

}  // namespace waybill::rego
