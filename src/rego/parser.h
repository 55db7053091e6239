// Tokens → syntax tree: recursive descent over Rego v1, with OPA's precedence and its two-ways-to-read places ({a | b}).
//
// Called by the compiler for modules, by Evaluation::query for bodies. It stops at the first error of a module.
#pragma once

#include <memory>
#include <optional>

#include "waybill/rego/ast.h"
#include "waybill/rego/rego.h"

namespace waybill::rego {

struct Parsed {
  std::shared_ptr<SyntaxTree> tree;
  Body* query = nullptr;  // parse_query
  Term* term = nullptr;   // parse_term
  std::optional<Diagnostic> error;
};

Parsed parse_module(std::string name, std::string text);
Parsed parse_query(std::string text);
Parsed parse_term(std::string text);

// A diagnostic about a place in a tree.
Diagnostic diagnostic_at(const SyntaxTree& tree, uint32_t byte, std::string code, std::string message);

}  // namespace waybill::rego
