// Rego's text → tokens, one at a time. Comments are collected, white space is only remembered as "a new line came before".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/rego/ast.h"

namespace waybill::rego {

enum class Token : uint8_t {
  end,
  error,
  identifier,
  number,
  string,
  template_begin,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  left_paren,
  right_paren,
  comma,
  semicolon,
  colon,
  dot,
  bar,
  ampersand,
  plus,
  minus,
  star,
  slash,
  percent,
  assign,
  unify,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};
// "{", "ident", "eof": as error messages say it.
std::string_view to_string(Token token);

// v1's reserved words: no variable may be called so.
bool is_keyword(std::string_view word);

class Lexer {
 public:
  struct Lexeme {
    Token token = Token::end;
    uint32_t begin = 0, end = 0;
    bool line_before = false;   // a newline stands before it
    bool raw_template = false;  // template_begin: with backticks
    std::string_view text;      // identifier, number; decoded string
    std::string_view problem;   // error
  };

  explicit Lexer(SyntaxTree& tree) : tree_(tree), text_(tree.text) {}

  Lexeme next();
  // Where to go on; for trying two ways.
  uint32_t position() const { return at_; }
  void seek(uint32_t position) { at_ = position; }

  // Inside a template string, from the current position to `{` or the end of the string; both are passed over.
  struct Piece {
    std::string_view text;
    bool expression = false;  // `{` follows
    bool broken = false;
  };
  Piece template_piece(bool raw);
  // Tokens seen so far, also twice seen ones: a bound for backtracking.
  uint64_t count() const { return count_; }

 private:
  bool escape(std::string& out, const char*& problem);
  SyntaxTree& tree_;
  std::string_view text_;
  uint32_t at_ = 0;
  uint64_t count_ = 0;
};

}  // namespace waybill::rego
