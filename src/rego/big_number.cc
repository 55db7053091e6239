#include "waybill/rego/big_number.h"

#include <gmp.h>

#include <cmath>

#include "waybill/rego/limits.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

// One GMP integer, freed at the end of its scope.
struct Integer {
  mpz_t z;
  Integer() { mpz_init(z); }
  ~Integer() { mpz_clear(z); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;

  void set(const Value& v) {
    if (v.tag() == Value::Tag::integer) {
      mpz_set_si(z, v.integer());
      return;
    }
    const std::string text(v.number()->text, v.number()->size);
    if (text.find_first_of(".eE") == std::string::npos) {
      mpz_set_str(z, text.c_str(), 10);
      return;
    }
    // 1e3, 12.0: digits and an exponent.
    std::string digits;
    long exponent = 0;
    bool point = false, negative = false;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '-')
        negative = true;
      else if (c == '.')
        point = true;
      else if (c == 'e' || c == 'E') {
        exponent += std::atol(text.c_str() + i + 1);
        break;
      } else {
        digits += c;
        if (point) --exponent;
      }
    }
    while (exponent < 0 && digits.size() > 1 && digits.back() == '0') digits.pop_back(), ++exponent;
    mpz_set_str(z, digits.c_str(), 10);
    if (exponent > 0 && exponent < 100000) {
      Integer power;
      mpz_ui_pow_ui(power.z, 10, static_cast<unsigned long>(exponent));
      mpz_mul(z, z, power.z);
    }
    if (negative) mpz_neg(z, z);
  }
  Value value(Heap& heap) const {
    std::string text(mpz_sizeinbase(z, 10) + 2, '\0');
    mpz_get_str(text.data(), 10, z);
    text.resize(std::char_traits<char>::length(text.c_str()));
    return heap.number(text);
  }
};

}  // namespace

bool is_whole(const Value& v) {
  if (v.tag() == Value::Tag::integer) return true;
  return v.tag() == Value::Tag::number && v.number()->integral && v.number()->size < kMaxNumberDigits && std::fabs(v.number()->value) < 1e4000L;
}

Value whole_arithmetic(Heap& heap, Whole op, const Value& a, const Value& b) {
  Integer x, y, out;
  x.set(a);
  y.set(b);
  if (mpz_sizeinbase(x.z, 10) > kMaxNumberDigits || mpz_sizeinbase(y.z, 10) > kMaxNumberDigits) return {};
  switch (op) {
    case Whole::add: mpz_add(out.z, x.z, y.z); break;
    case Whole::subtract: mpz_sub(out.z, x.z, y.z); break;
    case Whole::multiply: mpz_mul(out.z, x.z, y.z); break;
    case Whole::divide:
      if (mpz_sgn(y.z) == 0 || !mpz_divisible_p(x.z, y.z)) return {};
      mpz_divexact(out.z, x.z, y.z);
      break;
    case Whole::remainder:
      if (mpz_sgn(y.z) == 0) return {};
      mpz_tdiv_r(out.z, x.z, y.z);
      break;
    case Whole::bit_and: mpz_and(out.z, x.z, y.z); break;
    case Whole::bit_or: mpz_ior(out.z, x.z, y.z); break;
    case Whole::bit_xor: mpz_xor(out.z, x.z, y.z); break;
    case Whole::bit_not: mpz_com(out.z, x.z); break;
    case Whole::shift_left:
    case Whole::shift_right: {
      if (mpz_sgn(y.z) < 0 || mpz_cmp_ui(y.z, 300000) > 0) return {};
      const unsigned long n = mpz_get_ui(y.z);
      if (op == Whole::shift_left)
        mpz_mul_2exp(out.z, x.z, n);
      else
        mpz_fdiv_q_2exp(out.z, x.z, n);
      break;
    }
  }
  return out.value(heap);
}

long double to_float(const Value& v) { return v.tag() == Value::Tag::integer ? static_cast<long double>(v.integer()) : v.number()->value; }

Value from_float(Heap& heap, long double v) {
  if (std::floor(v) == v && std::fabs(v) < 9.2e18L) return Value::of(static_cast<int64_t>(v));
  return heap.number(float_text(v));
}

std::string to_base(const Value& v, int base) {
  Integer x;
  x.set(v);
  std::string text(mpz_sizeinbase(x.z, base) + 2, '\0');
  mpz_get_str(text.data(), base, x.z);
  text.resize(std::char_traits<char>::length(text.c_str()));
  return text;
}

}  // namespace waybill::rego
