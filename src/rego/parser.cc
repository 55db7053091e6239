#include "waybill/rego/parser.h"

#include "waybill/base/bytes.h"
#include "waybill/rego/lexer.h"
#include "waybill/rego/limits.h"

namespace waybill::rego {

Diagnostic diagnostic_at(const SyntaxTree& tree, uint32_t byte, std::string code, std::string message) {
  Diagnostic d;
  d.code = std::move(code);
  d.message = std::move(message);
  d.location = {tree.name, tree.row_of(byte), tree.column_of(byte)};
  d.line = std::string(tree.line_at(byte));
  return d;
}

namespace {

class Parser {
 public:
  explicit Parser(std::shared_ptr<SyntaxTree> tree) : tree_(std::move(tree)), lexer_(*tree_) {
    auto& lines = tree_->lines;
    lines.push_back(0);
    for (uint32_t i = 0; i < tree_->text.size(); ++i) {
      if (tree_->text[i] == '\n') lines.push_back(i + 1);
    }
    token_limit_ = 64 * static_cast<uint64_t>(tree_->text.size()) + 10000;
    advance();
  }

  std::optional<Diagnostic> error;

  void module() {
    if (!word("package")) return fail_at(tok_.begin, "package expected");
    tree_->package_begin = tok_.begin;
    advance();
    if (tok_.token != Token::identifier) return unexpected("expected a package path");
    Term* path = parse_ref_only();
    if (path == nullptr) return;
    for (Term* part : path->items) {
      if (part->kind != TermKind::string && part->kind != TermKind::var) return fail_at(part->begin, "invalid package path: only strings are allowed");
      tree_->package.push_back(part->text);
    }
    if (path->items.empty()) tree_->package.push_back(path->text);
    while (!error && tok_.token != Token::end) {
      if (tok_.token == Token::semicolon) {
        advance();
      } else if (word("import")) {
        import();
      } else {
        rule();
      }
    }
  }

  Body* query() {
    Body* body = literals(Token::end);
    if (!error && tok_.token != Token::end) unexpected("");
    return error ? nullptr : body;
  }

  Term* single_term() {
    Term* term = expression();
    if (!error && tok_.token != Token::end) unexpected("");
    return error ? nullptr : term;
  }

 private:
  // ---- tokens ----
  void advance() {
    previous_end_ = tok_.end;
    tok_ = lexer_.next();
    if (tok_.token == Token::error && !error) fail_at(tok_.begin, std::string(tok_.problem));
    if (lexer_.count() > token_limit_ && !fatal_) {
      error.reset();
      fail_at(tok_.begin, "the module is too ambiguous to parse: too many ways to read nested braces");
      fatal_ = true;
    }
  }
  // A keyword; followed by a dot it is a name (`with.foo`).
  bool word(std::string_view text) const { return tok_.token == Token::identifier && tok_.text == text && !dotted(); }
  bool dotted() const {
    const std::string_view text = tree_->text;
    return tok_.end < text.size() && text[tok_.end] == '.';
  }
  bool adjacent() const { return tok_.begin == previous_end_; }
  void fail_at(uint32_t byte, std::string message) {
    if (!error) error = diagnostic_at(*tree_, byte, "rego_parse_error", std::move(message));
    tok_.token = Token::end;
  }
  void unexpected(std::string_view hint) {
    std::string what = "unexpected ";
    if (tok_.token == Token::identifier)
      what += is_keyword(tok_.text) ? std::string(tok_.text) + " keyword" : "identifier token";
    else
      what += std::string(to_string(tok_.token)) + " token";
    if (!hint.empty()) what += ": " + std::string(hint);
    fail_at(tok_.begin, what);
  }
  bool expect(Token token, std::string_view hint) {
    if (tok_.token != token) return unexpected(hint), false;
    return advance(), true;
  }
  struct Saved {
    Lexer::Lexeme tok;
    uint32_t position, previous_end;
  };
  Saved save() const { return {tok_, lexer_.position(), previous_end_}; }
  void restore(const Saved& saved) {
    tok_ = saved.tok;
    lexer_.seek(saved.position);
    previous_end_ = saved.previous_end;
  }

  // ---- nodes ----
  template <class T>
  T* make() {
    return new (tree_->arena.allocate(sizeof(T), alignof(T))) T();
  }
  template <class T>
  std::span<T> keep(const std::vector<T>& list) {
    if (list.empty()) return {};
    T* at = tree_->arena.allocate_array<T>(list.size());
    std::copy(list.begin(), list.end(), at);
    return {at, list.size()};
  }
  Term* term_at(TermKind kind, uint32_t begin) {
    Term* t = make<Term>();
    t->kind = kind;
    t->begin = begin;
    t->end = previous_end_;
    return t;
  }
  Term* finish(Term* t) {
    if (t != nullptr) t->end = previous_end_;
    return t;
  }
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++parser.depth_ > kMaxNesting && !parser.fatal_) {
        parser.error.reset();
        parser.fail_at(parser.tok_.begin, "nested deeper than " + std::to_string(kMaxNesting) + " levels");
        parser.fatal_ = true;
      }
    }
    ~Deeper() { --parser.depth_; }
    Parser& parser;
  };

  // ---- terms, loosest first ----
  enum class Bar : uint8_t { yes, no };
  // x in xs; with `pair`, k, v in xs too.
  Term* expression(bool pair = true) {
    Deeper deeper(*this);
    if (error) return nullptr;
    const uint32_t begin = tok_.begin;
    Term* left = relation();
    if (left == nullptr || error) return nullptr;
    if (pair && tok_.token == Token::comma) {
      const auto saved = save();
      const auto kept = error;
      advance();
      Term* second = relation();
      if (second != nullptr && !error && word("in")) {
        advance();
        Term* domain = relation();
        if (domain == nullptr) return nullptr;
        return infix("internal.member_3", begin, {left, second, domain});
      }
      if (fatal_) return nullptr;
      error = kept;
      restore(saved);
      return left;
    }
    while (!error && word("in")) {
      advance();
      Term* domain = relation();
      if (domain == nullptr) return nullptr;
      left = infix("internal.member_2", begin, {left, domain});
    }
    return left;
  }
  Term* infix(std::string_view name, uint32_t begin, const std::vector<Term*>& args) {
    Term* t = term_at(TermKind::call, begin);
    t->text = name;
    t->items = keep(args);
    return t;
  }
  Term* relation() {
    const uint32_t begin = tok_.begin;
    Term* left = disjunction();
    while (left != nullptr && !error) {
      std::string_view name;
      switch (tok_.token) {
        case Token::equal: name = "equal"; break;
        case Token::not_equal: name = "neq"; break;
        case Token::less: name = "lt"; break;
        case Token::less_equal: name = "lte"; break;
        case Token::greater: name = "gt"; break;
        case Token::greater_equal: name = "gte"; break;
        default: return left;
      }
      advance();
      Term* right = disjunction();
      if (right == nullptr) return nullptr;
      left = infix(name, begin, {left, right});
    }
    return left;
  }
  Term* disjunction() {
    const uint32_t begin = tok_.begin;
    Term* left = conjunction();
    while (left != nullptr && !error && tok_.token == Token::bar && bar_ == Bar::yes) {
      advance();
      Term* right = conjunction();
      if (right == nullptr) return nullptr;
      left = infix("or", begin, {left, right});
    }
    return left;
  }
  Term* conjunction() {
    const uint32_t begin = tok_.begin;
    Term* left = sum();
    while (left != nullptr && !error && tok_.token == Token::ampersand) {
      advance();
      Term* right = sum();
      if (right == nullptr) return nullptr;
      left = infix("and", begin, {left, right});
    }
    return left;
  }
  Term* sum() {
    const uint32_t begin = tok_.begin;
    Term* left = product();
    while (left != nullptr && !error && (tok_.token == Token::plus || tok_.token == Token::minus)) {
      const std::string_view name = tok_.token == Token::plus ? "plus" : "minus";
      advance();
      Term* right = product();
      if (right == nullptr) return nullptr;
      left = infix(name, begin, {left, right});
    }
    return left;
  }
  Term* product() {
    const uint32_t begin = tok_.begin;
    Term* left = primary();
    while (left != nullptr && !error && (tok_.token == Token::star || tok_.token == Token::slash || tok_.token == Token::percent)) {
      const std::string_view name = tok_.token == Token::star ? "mul" : tok_.token == Token::slash ? "div" : "rem";
      advance();
      Term* right = primary();
      if (right == nullptr) return nullptr;
      left = infix(name, begin, {left, right});
    }
    return left;
  }

  Term* primary() {
    Deeper deeper(*this);
    if (error) return nullptr;
    const uint32_t begin = tok_.begin;
    Term* t = nullptr;
    switch (tok_.token) {
      case Token::identifier: {
        if ((tok_.text == "null" || tok_.text == "true" || tok_.text == "false") && !dotted()) {
          const auto text = tok_.text;
          advance();
          t = term_at(text == "null" ? TermKind::null : TermKind::boolean, begin);
          t->flag = text == "true";
          return t;
        }
        if (is_keyword(tok_.text) && tok_.text != "contains" && !dotted()) {
          unexpected("");
          return nullptr;
        }
        t = variable();
        break;
      }
      case Token::number:
      case Token::minus: {
        const bool negative = tok_.token == Token::minus;
        if (negative) {
          advance();
          if (tok_.token != Token::number) {
            Term* operand = primary();
            if (operand == nullptr) return nullptr;
            Term* zero = term_at(TermKind::number, begin);
            zero->text = "0";
            return infix("minus", begin, {zero, operand});
          }
        }
        const auto text = tok_.text;
        advance();
        t = term_at(TermKind::number, begin);
        t->text = negative ? tree_->arena.copy("-" + std::string(text)) : text;
        return t;
      }
      case Token::string: {
        const auto text = tok_.text;
        advance();
        t = term_at(TermKind::string, begin);
        t->text = text;
        break;
      }
      case Token::template_begin: t = template_string(); break;
      case Token::left_paren: {
        advance();
        const Bar outer = std::exchange(bar_, Bar::yes);
        t = expression();
        bar_ = outer;
        if (t == nullptr || !expect(Token::right_paren, "expected \")\"")) return nullptr;
        break;
      }
      case Token::left_bracket: t = array(); break;
      case Token::left_brace: t = braces(); break;
      default: unexpected(""); return nullptr;
    }
    if (t == nullptr || error) return nullptr;
    return suffixes(t, begin);
  }

  Term* variable() {
    Term* t = term_at(TermKind::var, tok_.begin);
    t->text = tok_.text;
    t->flag = tok_.text == "_";
    advance();
    return finish(t);
  }

  // .name, [term], (arguments) behind a term.
  Term* suffixes(Term* t, uint32_t begin) {
    while (!error) {
      if (tok_.token == Token::left_paren && adjacent() && (t->kind == TermKind::var || t->kind == TermKind::ref)) {
        advance();
        Term* call = term_at(TermKind::call, begin);
        call->op = t;
        const Bar outer = std::exchange(bar_, Bar::yes);
        std::vector<Term*> args;
        const bool fine = list(args, Token::right_paren);
        bar_ = outer;
        if (!fine) return nullptr;
        if (t->kind == TermKind::var && t->text == "set" && args.empty()) {
          call->kind = TermKind::set;
          call->op = nullptr;
        }
        call->items = keep(args);
        t = finish(call);
        continue;
      }
      std::vector<Term*> parts{t};
      const bool extend = t->kind == TermKind::ref;
      if (extend) parts.assign(t->items.begin(), t->items.end());
      bool grown = false;
      while (!error) {
        if (tok_.token == Token::dot && adjacent()) {
          advance();
          if (tok_.token != Token::identifier || !adjacent()) {
            unexpected("expected ident");
            return nullptr;
          }
          Term* name = term_at(TermKind::string, tok_.begin);
          name->text = tok_.text;
          advance();
          parts.push_back(finish(name));
          grown = true;
        } else if (tok_.token == Token::left_bracket && adjacent()) {
          advance();
          const Bar outer = std::exchange(bar_, Bar::yes);
          Term* operand = expression(false);
          bar_ = outer;
          if (operand == nullptr || !expect(Token::right_bracket, "expected \"]\"")) return nullptr;
          parts.push_back(operand);
          grown = true;
        } else {
          break;
        }
      }
      if (!grown) return t;
      Term* ref = term_at(TermKind::ref, begin);
      ref->items = keep(parts);
      t = finish(ref);
    }
    return nullptr;
  }

  Term* parse_ref_only() {
    const uint32_t begin = tok_.begin;
    if (is_keyword(tok_.text) && !dotted()) return unexpected(""), nullptr;
    Term* head = variable();
    Term* t = suffixes(head, begin);
    if (t != nullptr && t->kind == TermKind::call) {
      fail_at(begin, "unexpected call");
      return nullptr;
    }
    return t;
  }

  // Items up to `close`, which is passed over. A trailing comma is fine.
  bool list(std::vector<Term*>& items, Token close) {
    while (!error) {
      if (tok_.token == close) return advance(), true;
      Term* item = expression(false);
      if (item == nullptr) return false;
      items.push_back(item);
      if (tok_.token == Token::comma)
        advance();
      else if (tok_.token != close)
        return unexpected("expected \",\" or \"" + std::string(to_string(close)) + "\""), false;
    }
    return false;
  }

  // `| body close` behind a comprehension's head. null: it is something else, go back to `start` and read it so.
  Term* comprehension(TermKind kind, uint32_t begin, const std::vector<Term*>& head, Token close) {
    advance();
    Body* body = literals(close);
    if (body != nullptr && !error && tok_.token == close) {
      advance();
      Term* t = term_at(kind, begin);
      t->items = keep(head);
      t->body = body;
      return finish(t);
    }
    if (!error) unexpected("expected \"" + std::string(to_string(close)) + "\"");
    return nullptr;
  }
  // Takes back an error, unless it is about a limit.
  bool take_back(const Saved& start) {
    if (fatal_) return false;
    second_thought_ = error;
    error.reset();
    restore(start);
    return true;
  }

  // [a, b], [a | body]. The head is read once, up to a `|`; only when no body follows it is read again with `|` as "or".
  Term* array() {
    const uint32_t begin = tok_.begin;
    advance();
    const auto start = save();
    const Bar outer = bar_;
    std::vector<Term*> items;
    bool fine = true;
    if (tok_.token != Token::right_bracket) {
      bar_ = Bar::no;
      Term* first = expression(false);
      bar_ = Bar::yes;
      if (first == nullptr || error) return bar_ = outer, nullptr;
      if (tok_.token == Token::bar) {
        Term* found = comprehension(TermKind::array_comprehension, begin, {first}, Token::right_bracket);
        if (found != nullptr || !take_back(start)) return bar_ = outer, found;
      } else {
        items.push_back(first);
        if (tok_.token == Token::comma)
          advance();
        else if (tok_.token != Token::right_bracket)
          unexpected("expected \",\" or \"]\"");
      }
    }
    const auto thought = std::exchange(second_thought_, std::nullopt);
    bar_ = Bar::yes;
    fine = !error && list(items, Token::right_bracket);
    bar_ = outer;
    if (!fine) {
      if (thought && !fatal_) error = thought;
      return nullptr;
    }
    Term* t = term_at(TermKind::array, begin);
    t->items = keep(items);
    return finish(t);
  }

  // {}, {a, b}, {k: v}, {a | body}, {k: v | body}.
  Term* braces() {
    const uint32_t begin = tok_.begin;
    advance();
    const auto start = save();
    if (tok_.token == Token::right_brace) {
      advance();
      return term_at(TermKind::object, begin);
    }
    const Bar outer = bar_;
    std::vector<Term*> items;
    TermKind kind = TermKind::set;
    std::optional<Diagnostic> thought;
    // One member; the first is read with `|` as a separator, then again as an operator where that leads nowhere.
    const auto member = [&](bool first) {
      Term* item = expression(false);
      if (item == nullptr || error) return false;
      if (first && tok_.token == Token::colon) kind = TermKind::object;
      items.push_back(item);
      if (kind != TermKind::object) return true;
      if (!expect(Token::colon, "expected \":\"")) return false;
      Term* value = expression(false);
      if (value == nullptr || error) return false;
      items.push_back(value);
      return true;
    };
    bar_ = Bar::no;
    bool fine = member(true);
    bar_ = Bar::yes;
    if (fine && tok_.token == Token::bar) {
      Term* found = comprehension(kind == TermKind::object ? TermKind::object_comprehension : TermKind::set_comprehension, begin, items, Token::right_brace);
      if (found != nullptr || !take_back(start)) return bar_ = outer, found;
      thought = std::exchange(second_thought_, std::nullopt);
      items.clear();
      kind = TermKind::set;
      fine = member(true);
    }
    while (fine && !error && tok_.token != Token::right_brace) {
      if (!expect(Token::comma, "expected \",\" or \"}\"")) break;
      if (tok_.token == Token::right_brace) break;
      fine = member(false);
    }
    bar_ = outer;
    if (error && thought && !fatal_) error = thought;  // the more telling of the two
    if (!fine || error || !expect(Token::right_brace, "expected \"}\"")) return nullptr;
    Term* t = term_at(kind, begin);
    t->items = keep(items);
    return finish(t);
  }

  Term* template_string() {
    const bool raw = tok_.raw_template;
    const uint32_t begin = tok_.begin;
    lexer_.seek(tok_.end);
    std::vector<Term*> items;
    while (true) {
      const uint32_t at = lexer_.position();
      auto piece = lexer_.template_piece(raw);
      if (piece.broken) return fail_at(begin, "non-terminated template string"), nullptr;
      if (!piece.text.empty()) {
        Term* text = term_at(TermKind::string, at);
        text->text = piece.text;
        text->end = lexer_.position();
        items.push_back(text);
      }
      if (!piece.expression) break;
      advance();
      const Bar outer = std::exchange(bar_, Bar::yes);
      Term* inner = expression();
      bar_ = outer;
      if (inner == nullptr || error) return nullptr;
      if (word("with")) {
        inner = with_withs(inner);
        if (inner == nullptr || error) return nullptr;
        if (tok_.token != Token::right_brace) return unexpected("expected \"}\" after a template expression"), nullptr;
        items.push_back(inner);
        lexer_.seek(tok_.end);
        continue;
      }
      if (tok_.token != Token::right_brace) return unexpected("expected \"}\" after a template expression"), nullptr;
      Term* wrapped = term_at(TermKind::ref, inner->begin);  // a ref without operands marks an expression
      wrapped->items = keep(std::vector<Term*>{inner});
      wrapped->flag = true;
      items.push_back(wrapped);
      lexer_.seek(tok_.end);
    }
    advance();
    Term* t = term_at(TermKind::template_string, begin);
    t->items = keep(items);
    return finish(t);
  }

  // {x | x = term with …}: a template's expression under `with`.
  Term* with_withs(Term* inner) {
    Term* variable = term_at(TermKind::var, inner->begin);
    variable->text = "$with";
    Term* again = term_at(TermKind::var, inner->begin);
    again->text = "$with";
    Expr* expr = make<Expr>();
    expr->kind = ExprKind::unify;
    expr->begin = inner->begin;
    expr->left = variable;
    expr->right = inner;
    if (!modifiers(*expr)) return nullptr;
    Term* t = term_at(TermKind::set_comprehension, inner->begin);
    t->items = keep(std::vector<Term*>{again});
    t->body = one(expr);
    return finish(t);
  }

  // ---- bodies ----
  // Literals up to `close`, which is left standing.
  Body* literals(Token close) {
    Deeper deeper(*this);
    if (error) return nullptr;
    Body* body = make<Body>();
    body->begin = tok_.begin;
    std::vector<Expr*> exprs;
    while (!error) {
      while (tok_.token == Token::semicolon) advance();
      if (tok_.token == close || tok_.token == Token::end) break;
      if (!exprs.empty() && !separated_) return unexpected("expected \\n or ; or }"), nullptr;
      Expr* expr = literal();
      if (expr == nullptr) return nullptr;
      exprs.push_back(expr);
      separated_ = tok_.token == Token::semicolon || tok_.line_before;
    }
    if (error) return nullptr;
    if (exprs.empty()) return fail_at(body->begin, close == Token::end ? "empty query" : "found empty body"), nullptr;
    body->exprs = keep(exprs);
    body->end = previous_end_;
    return body;
  }

  Expr* literal() {
    Deeper deeper(*this);
    Expr* expr = make<Expr>();
    expr->begin = tok_.begin;
    const Bar outer = std::exchange(bar_, Bar::yes);
    const bool fine = literal_into(*expr);
    bar_ = outer;
    if (!fine || error || !modifiers(*expr)) return nullptr;
    return expr;
  }

  // with a as b with c as d
  bool modifiers(Expr& expr) {
    std::vector<With> withs;
    while (!error && word("with")) {
      advance();
      if (tok_.token != Token::identifier) return unexpected("expected a target of with"), false;
      With with{};
      with.target = parse_ref_only();
      if (with.target == nullptr) return false;
      if (!word("as")) return unexpected("expected as keyword"), false;
      advance();
      with.value = expression(false);
      if (with.value == nullptr) return false;
      withs.push_back(with);
    }
    expr.withs = keep(withs);
    expr.end = previous_end_;
    return !error;
  }

  bool literal_into(Expr& expr) {
    if (word("not")) {
      advance();
      expr.negated = true;
      if (tok_.token == Token::left_brace) {
        // not { body }, unless it reads as a term ({…} == x).
        const auto saved = save();
        const auto kept = error;
        advance();
        if (tok_.token != Token::right_brace) {
          Body* body = literals(Token::right_brace);
          if (body != nullptr && !error && tok_.token == Token::right_brace) {
            advance();
            if (tok_.line_before || tok_.token == Token::right_brace || tok_.token == Token::semicolon || tok_.token == Token::end || word("with")) {
              expr.kind = ExprKind::not_body;
              expr.body = body;
              return true;
            }
          }
        }
        if (fatal_) return false;
        error = kept;
        restore(saved);
      }
    } else if (word("some")) {
      return some(expr);
    } else if (word("every")) {
      return every(expr);
    }
    expr.left = expression();
    if (expr.left == nullptr) return false;
    if (tok_.token == Token::assign || tok_.token == Token::unify) {
      expr.kind = tok_.token == Token::assign ? ExprKind::assign : ExprKind::unify;
      advance();
      expr.right = expression();
      if (expr.right == nullptr) return false;
    }
    return true;
  }

  bool some(Expr& expr) {
    advance();
    std::vector<Term*> terms;
    while (!error) {
      Term* t = relation();
      if (t == nullptr) return false;
      terms.push_back(t);
      if (tok_.token != Token::comma) break;
      advance();
    }
    if (word("in")) {
      if (terms.size() > 2) return fail_at(expr.begin, "expected `x in xs` or `x, y in xs` expression"), false;
      advance();
      expr.kind = ExprKind::some_in;
      expr.domain = relation();
      expr.right = terms.back();
      if (terms.size() == 2) expr.left = terms[0];
      return expr.domain != nullptr;
    }
    expr.kind = ExprKind::some_vars;
    for (Term* t : terms) {
      if (t->kind != TermKind::var) return fail_at(t->begin, "unexpected term: some declares variables"), false;
    }
    expr.vars = keep(terms);
    return true;
  }

  bool every(Expr& expr) {
    advance();
    expr.kind = ExprKind::every;
    Term* first = relation();
    if (first == nullptr) return false;
    expr.right = first;
    if (tok_.token == Token::comma) {
      advance();
      expr.left = first;
      expr.right = relation();
      if (expr.right == nullptr) return false;
    }
    if (!word("in")) return unexpected("expected `x[, y] in xs { ... }` expression"), false;
    advance();
    expr.domain = relation();
    if (expr.domain == nullptr) return false;
    if (!expect(Token::left_brace, "expected \"{\"")) return false;
    expr.body = literals(Token::right_brace);
    return expr.body != nullptr && expect(Token::right_brace, "expected \"}\"");
  }

  // ---- statements ----
  void import() {
    Import import;
    import.begin = tok_.begin;
    advance();
    if (tok_.token != Token::identifier) return unexpected("expected a path: import data.x, input.x, rego.v1 or future.keywords");
    Term* path = parse_ref_only();
    if (path == nullptr) return;
    if (path->kind == TermKind::ref)
      import.path = path->items;
    else
      import.path = keep(std::vector<Term*>{path});
    const auto head = import.path[0]->text;
    if (head != "data" && head != "input" && head != "future" && head != "rego") {
      return fail_at(import.path[0]->begin, "unexpected import path, must begin with one of: {data, future, input, rego}, got: " + std::string(head));
    }
    for (size_t i = 1; i < import.path.size(); ++i) {
      if (import.path[i]->kind != TermKind::string) return fail_at(import.path[i]->begin, "unexpected import path, must consist of strings");
    }
    import.alias = import.path.back()->text;
    if (word("as")) {
      advance();
      if (tok_.token != Token::identifier || is_keyword(tok_.text)) return unexpected("expected var");
      import.alias = tok_.text;
      advance();
    }
    import.end = previous_end_;
    if (head == "future" && (import.path.size() < 2 || import.path[1]->text != "keywords")) {
      return fail_at(import.begin, "invalid import, must be `future.keywords`");
    }
    if (head == "rego" && (import.path.size() != 2 || (import.path[1]->text != "v1" && import.path[1]->text != "v2"))) {
      return fail_at(import.begin, "invalid import `" + std::string(tree_->text.substr(path->begin, path->end - path->begin)) + "`, must be `rego.v1`");
    }
    tree_->imports.push_back(import);
  }

  void rule() {
    Rule* r = make<Rule>();
    r->begin = tok_.begin;
    if (word("default")) {
      advance();
      r->is_default = true;
    }
    if (tok_.token != Token::identifier || (is_keyword(tok_.text) && tok_.text != "contains" && !dotted()))
      return unexpected(r->is_default ? "expected a rule name" : "");
    const uint32_t begin = tok_.begin;
    Term* t = suffixes(variable(), begin);
    if (t == nullptr) return;
    if (t->kind == TermKind::call && t->op != nullptr) {
      r->is_function = true;
      r->args = t->items;
      t = t->op;
    } else if (t->kind != TermKind::ref && t->kind != TermKind::var) {
      return fail_at(t->begin, "unexpected rule head");
    }
    if (t->kind == TermKind::ref) {
      r->name = t->items;
    } else {
      r->name = keep(std::vector<Term*>{t});
    }
    if (r->name[0]->kind != TermKind::var) return fail_at(begin, "unexpected rule head");
    if (word("contains")) {
      advance();
      r->key = expression(false);
      if (r->key == nullptr) return;
    }
    if (tok_.token == Token::assign || tok_.token == Token::unify) {
      if (r->key != nullptr) return unexpected("a rule that uses contains has no value");
      advance();
      r->value = expression(false);
      if (r->value == nullptr) return;
    }
    r->head_end = previous_end_;
    if (word("if")) {
      if (r->is_default) return unexpected("a default rule has no body");
      r->body = if_body();
      if (r->body == nullptr) return;
    } else if (tok_.token == Token::left_brace && !tok_.line_before) {
      return unexpected("`if` keyword is required before rule body");
    } else if (!r->is_default && r->value == nullptr && r->key == nullptr && !r->is_function && r->name.size() == 1) {
      return fail_at(begin, "var cannot be used for rule name");
    } else if (!r->is_default && r->value == nullptr && r->key == nullptr) {
      return fail_at(begin, "`if` keyword is required before rule body, or a value after `:=`");
    }
    if (r->is_default && r->value == nullptr) return fail_at(begin, "default rules must have a value: default x := …");
    Rule* last = r;
    while (!error && word("else")) {
      if (r->key != nullptr || r->is_default) return unexpected("else keyword cannot be used on multi-value or default rules");
      Rule* other = make<Rule>();
      other->begin = tok_.begin;
      other->is_else = true;
      other->name = r->name;
      other->args = r->args;
      other->is_function = r->is_function;
      advance();
      if (tok_.token == Token::assign || tok_.token == Token::unify) {
        advance();
        other->value = expression(false);
        if (other->value == nullptr) return;
      }
      other->head_end = previous_end_;
      if (word("if")) {
        other->body = if_body();
        if (other->body == nullptr) return;
      } else if (tok_.token == Token::left_brace && !tok_.line_before) {
        return unexpected("`if` keyword is required before rule body");
      }
      other->end = previous_end_;
      last->otherwise = other;
      last = other;
    }
    if (error) return;
    r->end = previous_end_;
    tree_->rules.push_back(r);
    if (tok_.token != Token::end && tok_.token != Token::semicolon && !tok_.line_before) unexpected("expected a new line between rules");
  }

  Body* if_body() {
    advance();
    if (tok_.token == Token::left_brace) {
      const auto saved = save();
      const auto kept = error;
      advance();
      if (tok_.token == Token::right_brace) return fail_at(saved.tok.begin, "found empty body"), nullptr;
      Body* body = literals(Token::right_brace);
      if (body != nullptr && !error && tok_.token == Token::right_brace) {
        advance();
        const bool ends = tok_.token == Token::end || tok_.line_before || tok_.token == Token::semicolon || word("else");
        if (ends) return body;
      }
      // It may yet be a literal that starts with a brace: p if {1, 2} == x.
      const auto first = error;
      if (fatal_) return nullptr;
      error = kept;
      restore(saved);
      Expr* single = literal();
      if (single == nullptr || error) {
        if (first) error = first;
        return nullptr;
      }
      return one(single);
    }
    Expr* single = literal();
    return single == nullptr ? nullptr : one(single);
  }
  Body* one(Expr* expr) {
    Body* body = make<Body>();
    body->begin = expr->begin;
    body->end = expr->end;
    body->exprs = keep(std::vector<Expr*>{expr});
    return body;
  }

  std::shared_ptr<SyntaxTree> tree_;
  Lexer lexer_;
  Lexer::Lexeme tok_;
  uint32_t previous_end_ = 0;
  uint32_t depth_ = 0;
  uint64_t token_limit_ = 0;
  Bar bar_ = Bar::yes;
  bool separated_ = true;
  bool fatal_ = false;  // a limit: no other way to read it is tried
  std::optional<Diagnostic> second_thought_;
};

std::shared_ptr<SyntaxTree> start(std::string name, std::string text, std::optional<Diagnostic>& error) {
  auto tree = std::make_shared<SyntaxTree>();
  tree->name = std::move(name);
  tree->text = std::move(text);
  if (tree->text.size() > kMaxModuleBytes) {
    tree->text.clear();
    error = diagnostic_at(*tree, 0, "rego_parse_error", "the module is larger than 16 MiB");
  } else if (const auto bad = find_invalid_utf8(tree->text)) {
    error = diagnostic_at(*tree, 0, "rego_parse_error", "the module is not UTF-8 at byte " + std::to_string(*bad));
  } else if (tree->text.starts_with("\xEF\xBB\xBF")) {
    tree->text.replace(0, 3, "   ");
  }
  return tree;
}

}  // namespace

Parsed parse_module(std::string name, std::string text) {
  Parsed parsed;
  parsed.tree = start(std::move(name), std::move(text), parsed.error);
  if (parsed.error) return parsed;
  Parser parser(parsed.tree);
  if (!parser.error) parser.module();
  parsed.error = std::move(parser.error);
  return parsed;
}

Parsed parse_query(std::string text) {
  Parsed parsed;
  parsed.tree = start("query", std::move(text), parsed.error);
  if (parsed.error) return parsed;
  Parser parser(parsed.tree);
  if (!parser.error) parsed.query = parser.query();
  parsed.error = std::move(parser.error);
  return parsed;
}

Parsed parse_term(std::string text) {
  Parsed parsed;
  parsed.tree = start("term", std::move(text), parsed.error);
  if (parsed.error) return parsed;
  Parser parser(parsed.tree);
  if (!parser.error) parsed.term = parser.single_term();
  parsed.error = std::move(parser.error);
  return parsed;
}

}  // namespace waybill::rego
