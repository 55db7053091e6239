// sprintf: Go's fmt.Sprintf with its error texts, over integers, big integers, doubles and strings.
#include <cmath>
#include <cstdio>

#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

struct Argument {
  enum class Type : uint8_t { integer, big, real, text } type;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::string owned;

  std::string_view type_name() const {
    switch (type) {
      case Type::integer: return "int";
      case Type::big: return "*big.Int";
      case Type::real: return "float64";
      case Type::text: return "string";
    }
    return "";
  }
  std::string_view string() const { return owned.empty() ? text : std::string_view(owned); }
};

Argument argument(const Value& v) {
  Argument a{Argument::Type::text};
  if (v.tag() == Value::Tag::integer) {
    a.type = Argument::Type::integer;
    a.integer = v.integer();
  } else if (v.is_number()) {
    const std::string_view text(v.number()->text, v.number()->size);
    if (text.find_first_of(".eE") == std::string_view::npos) {
      a.type = Argument::Type::big;
      a.text = text;
    } else {
      a.type = Argument::Type::real;
      a.real = static_cast<double>(v.number()->value);
      if (std::isinf(a.real)) a.type = Argument::Type::text, a.text = text;  // beyond a double: as written
    }
  } else if (v.is_string()) {
    a.text = v.text();
  } else {
    a.owned = v.to_rego();
  }
  return a;
}

struct Flags {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  int width = -1, precision = -1;
};

// strconv.FormatFloat(v, verb, precision, 64).
std::string go_float(double v, char verb, int precision) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v < 0 ? "-Inf" : "+Inf";
  char buffer[512];
  if (precision >= 0 && verb != 'g' && verb != 'G') {
    const char format[] = {'%', '.', '*', verb == 'F' ? 'f' : verb, '\0'};
    const int n = std::snprintf(buffer, sizeof buffer, format, precision, v);
    if (n >= static_cast<int>(sizeof buffer)) {
      std::string big(static_cast<size_t>(n) + 1, '\0');
      std::snprintf(big.data(), big.size(), format, precision, v);
      big.pop_back();
      return big;
    }
    return buffer;
  }
  // Digits and exponent, the fewest or as many as asked for.
  std::string digits;
  int exponent = 0;
  if (precision < 0) {
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(v), std::chars_format::scientific).ptr;
    *end = '\0';
  } else {
    std::snprintf(buffer, sizeof buffer, "%.*e", std::max(precision, 1) - 1, std::fabs(v));
  }
  std::string_view text = buffer;
  const auto e = text.find('e');
  for (char c : text.substr(0, e)) {
    if (c != '.') digits += c;
  }
  exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const int count = static_cast<int>(digits.size());
  std::string out = std::signbit(v) ? "-" : "";
  const auto scientific = [&] {
    out += digits[0];
    if (count > 1) out += '.', out += digits.substr(1);
    std::snprintf(buffer, sizeof buffer, "%c%c%02d", verb == 'G' || verb == 'E' ? 'E' : 'e', exponent < 0 ? '-' : '+', std::abs(exponent));
    return out + buffer;
  };
  if (verb == 'e' || verb == 'E') return scientific();
  if (verb == 'g' || verb == 'G') {
    int limit = precision;
    if (limit > count && count >= exponent + 1) limit = count;
    if (precision < 0) limit = 21;
    if (precision < 0) limit = 6;
    if (exponent < -4 || exponent >= limit) return scientific();
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    return out + digits;
  }
  if (count <= exponent + 1) {
    out += digits;
    out.append(static_cast<size_t>(exponent + 1 - count), '0');
    return out;
  }
  out += digits.substr(0, static_cast<size_t>(exponent + 1));
  out += '.';
  return out + digits.substr(static_cast<size_t>(exponent + 1));
}

class Printer {
 public:
  std::string out;

  void print(std::string_view format, std::span<const Argument> args) {
    size_t next = 0;
    bool reordered = false;
    for (size_t i = 0; i < format.size();) {
      const auto percent = format.find('%', i);
      out += format.substr(i, percent - i);
      if (percent == std::string_view::npos) break;
      i = percent + 1;
      Flags f;
      for (; i < format.size(); ++i) {
        const char c = format[i];
        if (c == '+')
          f.plus = true;
        else if (c == '-')
          f.minus = true, f.zero = false;
        else if (c == '#')
          f.sharp = true;
        else if (c == ' ')
          f.space = true;
        else if (c == '0')
          f.zero = !f.minus;
        else
          break;
      }
      bool after_index = false, bad_index = false;
      const auto index = [&] {
        if (i >= format.size() || format[i] != '[') return;
        reordered = true;
        const auto close = format.find(']', i);
        if (close == std::string_view::npos) {
          bad_index = true;
          ++i;
          return;
        }
        size_t n = 0;
        bool good = close > i + 1;
        for (char c : format.substr(i + 1, close - i - 1)) {
          if (c < '0' || c > '9' || n > 100000)
            good = false;
          else
            n = n * 10 + static_cast<size_t>(c - '0');
        }
        i = close + 1;
        if (good && n >= 1 && n <= args.size())
          next = n - 1, after_index = true;
        else
          bad_index = true;
      };
      const auto number = [&](int& to) {
        if (i < format.size() && format[i] == '*') {
          ++i;
          if (next < args.size() && args[next].type == Argument::Type::integer && std::abs(args[next].integer) <= 1'000'000) {
            to = static_cast<int>(args[next++].integer);
          } else {
            out += &to == &f.width ? "%!(BADWIDTH)" : "%!(BADPREC)";
            if (next < args.size()) ++next;
          }
          after_index = false;
          return;
        }
        if (i < format.size() && format[i] >= '0' && format[i] <= '9') {
          to = 0;
          while (i < format.size() && format[i] >= '0' && format[i] <= '9') to = std::min(to * 10 + (format[i++] - '0'), 1'000'000);
        }
      };
      index();
      number(f.width);
      if (f.width < -1) f.minus = true, f.zero = false, f.width = -f.width;
      if (i < format.size() && format[i] == '.') {
        ++i;
        f.precision = 0;
        index();
        number(f.precision);
        if (f.precision < 0) f.precision = -1;
      }
      if (!after_index) index();
      if (i >= format.size()) {
        out += "%!(NOVERB)";
        break;
      }
      const size_t start = i;
      const uint32_t verb = next_rune(format, i);
      const auto verb_text = format.substr(start, i - start);
      if (verb == '%') {
        out += '%';
      } else if (bad_index) {
        out += "%!";
        out += verb_text;
        out += "(BADINDEX)";
      } else if (next >= args.size()) {
        out += "%!";
        out += verb_text;
        out += "(MISSING)";
      } else {
        one(args[next++], verb, verb_text, f);
      }
    }
    if (!reordered && next < args.size()) {
      out += "%!(EXTRA ";
      for (size_t i = next; i < args.size(); ++i) {
        if (i > next) out += ", ";
        out += args[i].type_name();
        out += '=';
        one(args[i], 'v', "v", {});
      }
      out += ')';
    }
  }

 private:
  void pad(std::string_view text, const Flags& f, bool zeros = false) {
    const auto n = static_cast<int>(count_runes(text));
    if (f.width <= n) {
      out += text;
      return;
    }
    const auto missing = static_cast<size_t>(f.width - n);
    if (f.minus) {
      out += text;
      out.append(missing, ' ');
    } else {
      out.append(missing, zeros ? '0' : ' ');
      out += text;
    }
  }

  void bad(const Argument& a, std::string_view verb, const Flags& f) {
    out += "%!";
    out += verb;
    out += '(';
    out += a.type_name();
    out += '=';
    one(a, 'v', "v", f);
    out += ')';
  }

  void whole(const Argument& a, uint32_t verb, const Flags& f) {
    std::string digits;
    bool negative = false;
    int base = verb == 'b' ? 2 : verb == 'o' || verb == 'O' ? 8 : verb == 'x' || verb == 'X' ? 16 : 10;
    if (a.type == Argument::Type::integer) {
      negative = a.integer < 0;
      uint64_t n = negative ? 0 - static_cast<uint64_t>(a.integer) : static_cast<uint64_t>(a.integer);
      char buffer[72];
      digits.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, n, base).ptr);
    } else {
      Heap heap;
      digits = to_base(heap.number(a.text), base);
      negative = digits.starts_with('-');
      if (negative) digits.erase(0, 1);
    }
    if (verb == 'X') {
      for (char& c : digits) c = c >= 'a' ? static_cast<char>(c - 32) : c;
    }
    int precision = f.precision;
    if (precision == 0 && digits == "0") {
      pad("", f);
      return;
    }
    const bool sign = negative || f.plus || f.space;
    if (precision < 0 && f.zero && f.width > 0 && !f.minus) precision = f.width - (sign ? 1 : 0);
    if (static_cast<int>(digits.size()) < precision) digits.insert(0, static_cast<size_t>(precision) - digits.size(), '0');
    std::string prefix;
    if (f.sharp) {
      if (base == 2) prefix = "0b";
      if (base == 8 && digits[0] != '0') prefix = "0";
      if (base == 16) prefix = verb == 'X' ? "0X" : "0x";
    }
    if (verb == 'O') prefix = "0o";
    pad((negative ? "-" : f.plus ? "+" : f.space ? " " : "") + prefix + digits, f);
  }

  void real(double v, char verb, const Flags& f, int precision) {
    std::string text = go_float(v, verb, f.precision >= 0 ? f.precision : precision);
    bool sign = text[0] == '-' || text[0] == '+';
    if (!sign && f.plus)
      text.insert(0, "+"), sign = true;
    else if (!sign && f.space)
      text.insert(0, " "), sign = true;
    if (f.zero && f.width > static_cast<int>(text.size()) && !std::isinf(v) && !std::isnan(v)) {
      text.insert(sign ? 1 : 0, static_cast<size_t>(f.width) - text.size(), '0');
    }
    pad(text, f);
  }

  void one(const Argument& a, uint32_t verb, std::string_view verb_text, const Flags& f) {
    if (verb == 'T') return pad(a.type_name(), f);
    if (verb == 'p') return bad(a, verb_text, f);
    switch (a.type) {
      case Argument::Type::integer:
      case Argument::Type::big:
        switch (verb) {
          case 'v':
          case 'd':
          case 'b':
          case 'o':
          case 'O':
          case 'x':
          case 'X': return whole(a, verb, f);
          case 'c': {
            if (a.type == Argument::Type::big) return bad(a, verb_text, f);
            std::string text;
            append_rune(text, a.integer < 0 || a.integer > 0x10FFFF ? 0xFFFD : static_cast<uint32_t>(a.integer));
            return pad(text, f);
          }
          case 'q': {
            if (a.type == Argument::Type::big) return bad(a, verb_text, f);
            std::string text = "'";
            append_rune(text, a.integer < 0 || a.integer > 0x10FFFF ? 0xFFFD : static_cast<uint32_t>(a.integer));
            return pad(text + "'", f);
          }
          case 'U': {
            if (a.type == Argument::Type::big) return bad(a, verb_text, f);
            char buffer[32];
            std::snprintf(buffer, sizeof buffer, "U+%04llX", static_cast<unsigned long long>(a.integer));
            return pad(buffer, f);
          }
          case 's':
            if (a.type == Argument::Type::big) {  // *big.Int formats itself
              return whole(a, 'd', f);
            }
            return bad(a, verb_text, f);
          default: return bad(a, verb_text, f);
        }
      case Argument::Type::real:
        switch (verb) {
          case 'v':
          case 'g': return real(a.real, 'g', f, -1);
          case 'G': return real(a.real, 'G', f, -1);
          case 'e':
          case 'E': return real(a.real, static_cast<char>(verb), f, 6);
          case 'f':
          case 'F': return real(a.real, 'f', f, 6);
          default: return bad(a, verb_text, f);
        }
      case Argument::Type::text: {
        std::string_view text = a.string();
        switch (verb) {
          case 'v':
            if (f.sharp) return pad(go_quoted(text), f);
            [[fallthrough]];
          case 's': return pad(cut(text, f), f, f.zero);
          case 'q':
            if (f.sharp && text.find('`') == std::string_view::npos) return pad("`" + std::string(text) + "`", f);
            return pad(go_quoted(cut(text, f)), f);
          case 'x':
          case 'X': {
            std::string hex;
            const char* const digits = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
            size_t n = 0;
            for (char c : text) {
              if (f.precision >= 0 && n++ >= static_cast<size_t>(f.precision)) break;
              if (f.space && !hex.empty()) hex += ' ';
              hex += digits[static_cast<uint8_t>(c) >> 4];
              hex += digits[static_cast<uint8_t>(c) & 15];
            }
            if (f.sharp && !hex.empty()) hex.insert(0, verb == 'x' ? "0x" : "0X");
            return pad(hex, f);
          }
          default: return bad(a, verb_text, f);
        }
      }
    }
  }
  static std::string_view cut(std::string_view text, const Flags& f) {
    if (f.precision < 0) return text;
    size_t at = 0;
    for (int n = 0; n < f.precision && at < text.size(); ++n) next_rune(text, at);
    return text.substr(0, at);
  }
};

Value sprintf_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_array(c, o, 1)) return {};
  std::vector<Argument> args;
  args.reserve(o[1].size());
  for (const Value& v : o[1].items()) args.push_back(argument(v));
  Printer p;
  p.print(o[0].text(), args);
  return c.string(p.out);
}

constexpr Builtin kTable[] = {{"sprintf", 2, sprintf_}};

}  // namespace

std::span<const Builtin> sprintf_builtins() { return kTable; }

}  // namespace waybill::rego
