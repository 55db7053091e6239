#include "waybill/rego/lexer.h"

#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

uint32_t SyntaxTree::row_of(uint32_t byte) const {
  const auto it = std::upper_bound(lines.begin(), lines.end(), byte);
  return static_cast<uint32_t>(it - lines.begin());
}
uint32_t SyntaxTree::column_of(uint32_t byte) const {
  const uint32_t row = row_of(byte);
  return row == 0 ? 1 : byte - lines[row - 1] + 1;
}
std::string_view SyntaxTree::line_at(uint32_t byte) const {
  const uint32_t row = row_of(byte);
  if (row == 0) return {};
  std::string_view rest = std::string_view(text).substr(lines[row - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

std::string_view to_string(Token token) {
  static constexpr std::string_view names[] = {
      "eof",  "illegal", "ident", "number", "string", "template-string", "{",  "}",     "[",   "]",  "(",   ")",  ",",  ";", ":", ".", "or", "and",
      "plus", "minus",   "mul",   "div",    "rem",    "assign",          "eq", "equal", "neq", "lt", "lte", "gt", "gte"};
  return names[static_cast<size_t>(token)];
}

bool is_keyword(std::string_view word) {
  static constexpr std::string_view words[] = {"as", "contains", "default", "else",    "every", "false", "if",  "import",
                                               "in", "not",      "null",    "package", "some",  "true",  "with"};
  for (auto w : words) {
    if (w == word) return true;
  }
  return false;
}

bool Lexer::escape(std::string& out, const char*& problem) {
  // at_ is behind the backslash
  if (at_ >= text_.size()) return problem = "non-terminated string", false;
  const char c = text_[at_++];
  switch (c) {
    case '"': out += '"'; return true;
    case '\\': out += '\\'; return true;
    case '/': out += '/'; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 't': out += '\t'; return true;
    case '{': out += '{'; return true;
    case 'u': {
      const auto hex4 = [&](uint32_t& value) {
        value = 0;
        for (int i = 0; i < 4; ++i) {
          if (at_ >= text_.size()) return false;
          const char h = text_[at_++];
          value <<= 4;
          if (digit(h))
            value |= static_cast<uint32_t>(h - '0');
          else if (h >= 'a' && h <= 'f')
            value |= static_cast<uint32_t>(h - 'a' + 10);
          else if (h >= 'A' && h <= 'F')
            value |= static_cast<uint32_t>(h - 'A' + 10);
          else
            return false;
        }
        return true;
      };
      uint32_t rune = 0;
      if (!hex4(rune)) return problem = "illegal escape sequence", false;
      if (rune >= 0xD800 && rune <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
        const uint32_t back = at_;
        at_ += 2;
        uint32_t low = 0;
        if (!hex4(low)) return problem = "illegal escape sequence", false;
        if (low >= 0xDC00 && low <= 0xDFFF)
          rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
        else
          at_ = back;
      }
      append_rune(out, rune);
      return true;
    }
    default: problem = "illegal escape sequence"; return false;
  }
}

Lexer::Lexeme Lexer::next() {
  ++count_;
  Lexeme lexeme;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      lexeme.line_before = true;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '#') {
      const uint32_t begin = at_;
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      if (tree_.comments.empty() || tree_.comments.back().begin < begin) tree_.comments.push_back({begin, at_});
    } else {
      break;
    }
  }
  lexeme.begin = at_;
  const auto done = [&](Token token, uint32_t length) {
    at_ += length;
    lexeme.token = token;
    lexeme.end = at_;
    return lexeme;
  };
  if (at_ >= text_.size()) return done(Token::end, 0);
  const char c = text_[at_];
  const char d = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (letter(c)) {
    uint32_t n = 1;
    while (at_ + n < text_.size() && (letter(text_[at_ + n]) || digit(text_[at_ + n]))) ++n;
    lexeme.text = text_.substr(at_, n);
    return done(Token::identifier, n);
  }
  const auto broken = [&](std::string_view problem) {
    lexeme.problem = problem;
    return done(Token::error, 0);
  };
  if (digit(c)) {
    uint32_t n = 0;
    const auto at = [&](uint32_t i) { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; };
    while (digit(at(n))) ++n;
    if (c == '0' && n > 1) return broken("illegal number format: leading zero");
    if (at(n) == '.') {
      ++n;
      if (!digit(at(n))) return broken("illegal number format: expected a digit after the point");
      while (digit(at(n))) ++n;
    }
    if (at(n) == 'e' || at(n) == 'E') {
      ++n;
      if (at(n) == '+' || at(n) == '-') ++n;
      if (!digit(at(n))) return broken("illegal number format: expected a digit in the exponent");
      while (digit(at(n))) ++n;
    }
    if (letter(at(n))) return broken("illegal number format");
    lexeme.text = text_.substr(at_, n);
    return done(Token::number, n);
  }
  if (c == '"') {
    const uint32_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && text_[at_] != '\n') ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      lexeme.text = text_.substr(start, at_ - start);
      return done(Token::string, 1);
    }
    std::string built(text_.substr(start, at_ - start));
    const char* problem = nullptr;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\n') return broken("non-terminated string");
      if (text_[at_] == '\\') {
        ++at_;
        if (!escape(built, problem)) return broken(problem);
      } else {
        built += text_[at_++];
      }
    }
    if (at_ >= text_.size()) return broken("non-terminated string");
    lexeme.text = tree_.arena.copy(built);
    return done(Token::string, 1);
  }
  if (c == '`') {
    const auto close = text_.find('`', at_ + 1);
    if (close == std::string_view::npos) return broken("non-terminated string");
    lexeme.text = text_.substr(at_ + 1, close - at_ - 1);
    return done(Token::string, static_cast<uint32_t>(close + 1 - at_));
  }
  if (c == '$' && (d == '"' || d == '`')) {
    lexeme.raw_template = d == '`';
    return done(Token::template_begin, 2);
  }
  switch (c) {
    case '{': return done(Token::left_brace, 1);
    case '}': return done(Token::right_brace, 1);
    case '[': return done(Token::left_bracket, 1);
    case ']': return done(Token::right_bracket, 1);
    case '(': return done(Token::left_paren, 1);
    case ')': return done(Token::right_paren, 1);
    case ',': return done(Token::comma, 1);
    case ';': return done(Token::semicolon, 1);
    case '.': return done(Token::dot, 1);
    case '|': return done(Token::bar, 1);
    case '&': return done(Token::ampersand, 1);
    case '+': return done(Token::plus, 1);
    case '-': return done(Token::minus, 1);
    case '*': return done(Token::star, 1);
    case '/': return done(Token::slash, 1);
    case '%': return done(Token::percent, 1);
    case ':': return d == '=' ? done(Token::assign, 2) : done(Token::colon, 1);
    case '=': return d == '=' ? done(Token::equal, 2) : done(Token::unify, 1);
    case '!':
      if (d == '=') return done(Token::not_equal, 2);
      return broken("illegal ! character");
    case '<': return d == '=' ? done(Token::less_equal, 2) : done(Token::less, 1);
    case '>': return d == '=' ? done(Token::greater_equal, 2) : done(Token::greater, 1);
    default: break;
  }
  return broken("illegal character");
}

Lexer::Piece Lexer::template_piece(bool raw) {
  Piece piece;
  std::string built;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '{') {
      ++at_;
      piece.expression = true;
      piece.text = tree_.arena.copy(built);
      return piece;
    }
    if (c == (raw ? '`' : '"')) {
      ++at_;
      piece.text = tree_.arena.copy(built);
      return piece;
    }
    if (c == '\\' && (!raw || (at_ + 1 < text_.size() && text_[at_ + 1] == '{'))) {
      ++at_;
      const char* problem = nullptr;
      if (!escape(built, problem)) break;
      continue;
    }
    if (c == '\n' && !raw) break;
    built += c;
    ++at_;
  }
  piece.broken = true;
  return piece;
}

}  // namespace waybill::rego
