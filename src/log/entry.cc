#include "waybill/log/entry.h"

#include <array>
#include <charconv>
#include <cstring>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"

namespace waybill::log {
namespace {

constexpr std::array<EntryKindInfo, kEntryKinds> kKinds = {{
    {EntryKind::evidence, "evidence", "Evidence was collected"},
    {EntryKind::configuration, "configuration", "The configuration was changed"},
    {EntryKind::policy, "policy", "A policy was put in force"},
    {EntryKind::trust_list, "trust_list", "The list of trusted keys and identities was changed"},
    {EntryKind::advisories, "advisories", "Advisories were imported"},
    {EntryKind::deployment, "deployment", "An artifact was deployed"},
    {EntryKind::removal, "removal", "A deployment ended"},
    {EntryKind::approval, "approval", "A decision was approved"},
    {EntryKind::exception, "exception", "An exception was requested, approved or revoked"},
    {EntryKind::decision, "decision", "A decision was made"},
    {EntryKind::transition, "transition", "A standing verdict changed"},
    {EntryKind::grant, "grant", "A role was granted or withdrawn"},
    {EntryKind::server_key, "server_key", "A signing key of the server was announced"},
    {EntryKind::secret_access, "secret_access", "A secret was accessed"},
    {EntryKind::erasure, "erasure", "A document was erased"},
}};
constexpr bool kinds_in_order() {
  for (size_t i = 0; i < kKinds.size(); ++i)
    if (static_cast<size_t>(kKinds[i].kind) != i) return false;
  return true;
}
static_assert(kinds_in_order());

// A cursor over canonical bytes; every step either eats exactly what must stand there or says where it does not.
struct Cursor {
  std::string_view text;
  size_t at = 0;

  tl::unexpected<Error> wrong(std::string expected) const { return fail(Error(Code::invalid, "expected " + expected).at("byte " + std::to_string(at))); }
  bool eat(std::string_view word) {
    if (text.substr(at, word.size()) != word) return false;
    at += word.size();
    return true;
  }
  Result<void> expect(std::string_view word) {
    if (!eat(word)) return wrong(std::string(word));
    return {};
  }
};

// Bytes that stand for themselves inside a JSON string.
constexpr std::array<bool, 256> plain_table() {
  std::array<bool, 256> table{};
  for (size_t c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
  return table;
}
constexpr auto kPlain = plain_table();

// Eight bytes at a time while all of them are plain ASCII (the usual case).
size_t skip_plain(std::string_view text, size_t at) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
  while (at + 8 <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    const uint64_t quote = word ^ (kOnes * '"'), slash = word ^ (kOnes * '\\');
    // High bit of each byte: below 0x20, equal to '"' or '\\', or not ASCII.
    const uint64_t special = ((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) | word;
    if ((special & kHigh) != 0) break;
    at += 8;
  }
  while (at < text.size() && kPlain[static_cast<uint8_t>(text[at])]) ++at;
  return at;
}

// A canonical JSON string. RFC 8785 §3.2.2.2: \b \t \n \f \r \" \\ and \u00xx (lower case) for the other controls,
// nothing else escaped. `simple` is cleared when there was an escape or a byte beyond ASCII.
Result<void> skip_string(Cursor& cursor, bool& simple) {
  TRY_DO(cursor.expect("\""));
  while (true) {
    cursor.at = skip_plain(cursor.text, cursor.at);
    if (cursor.at >= cursor.text.size()) return cursor.wrong("the end of a string");
    const auto c = static_cast<uint8_t>(cursor.text[cursor.at]);
    if (c == '"') {
      ++cursor.at;
      return {};
    }
    simple = false;
    if (c < 0x20) return cursor.wrong("a control character to be escaped");
    if (c == '\\') {
      const auto rest = cursor.text.substr(cursor.at + 1);
      if (!rest.empty() && std::strchr("btnfr\"\\", rest[0]) != nullptr && rest[0] != '\0') {
        cursor.at += 2;
        continue;
      }
      if (rest.size() >= 5 && rest.starts_with("u00") && (rest[3] == '0' || rest[3] == '1')) {
        const char low = rest[4];
        const bool digit = (low >= '0' && low <= '9') || (low >= 'a' && low <= 'f');
        const int value = (rest[3] - '0') * 16 + (low <= '9' ? low - '0' : low - 'a' + 10);
        if (digit && value != 8 && value != 9 && value != 10 && value != 12 && value != 13) {
          cursor.at += 6;
          continue;
        }
      }
      return cursor.wrong("an escape of the canonical form");
    }
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    const auto character = cursor.text.substr(cursor.at, length);
    if (character.size() < length || find_invalid_utf8(character)) return cursor.wrong("valid UTF-8");
    cursor.at += length;
  }
}

// Member names compare by UTF-16 code units. UTF-8 orders like code points; the two differ only where a character
// beyond U+FFFF meets one from U+E000 on.
bool name_less(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (y == b.end()) return false;
  if (x == a.end()) return true;
  const auto p = static_cast<uint8_t>(*x), q = static_cast<uint8_t>(*y);
  const bool p_supplementary = p >= 0xf0, q_supplementary = q >= 0xf0;
  if (p_supplementary != q_supplementary) {
    if (p_supplementary && q >= 0xee) return true;  // surrogates (from U+D800) before U+E000
    if (q_supplementary && p >= 0xee) return false;
  }
  return p < q;
}

std::string unescaped(std::string_view quoted) {
  auto document = JsonDocument::parse(quoted);
  return document ? std::string(document->root().string_or("")) : std::string();
}

Result<void> skip_number(Cursor& cursor) {
  const size_t from = cursor.at;
  bool integer = true;
  if (cursor.at < cursor.text.size() && cursor.text[cursor.at] == '-') ++cursor.at;
  const size_t digits_from = cursor.at;
  while (cursor.at < cursor.text.size()) {
    const char c = cursor.text[cursor.at];
    if (c == '.' || c == 'e' || c == '+' || c == '-') {
      integer = false;
    } else if (c < '0' || c > '9') {
      break;
    }
    ++cursor.at;
  }
  const auto text = cursor.text.substr(from, cursor.at - from);
  const auto digits = cursor.text.substr(digits_from, cursor.at - digits_from);
  if (integer && !digits.empty() && digits.size() <= 15 && (digits[0] != '0' || text == "0")) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || to_json_number(value) != text) {
    cursor.at = from;
    return cursor.wrong("a number in its canonical form");
  }
  return {};
}

constexpr int kMaxDepth = 200;

Result<void> skip_value(Cursor& cursor, int depth);

Result<void> skip_object(Cursor& cursor, int depth) {
  TRY_DO(cursor.expect("{"));
  if (cursor.eat("}")) return {};
  std::string_view last;
  std::string last_unescaped;
  bool first = true, last_simple = true;
  while (true) {
    const size_t from = cursor.at;
    bool simple = true;
    TRY_DO(skip_string(cursor, simple));
    const auto quoted = cursor.text.substr(from, cursor.at - from);
    const auto name = quoted.substr(1, quoted.size() - 2);
    if (simple && last_simple) {
      if (!first && !(last < name)) return Cursor{cursor.text, from}.wrong("member names in ascending order, each once");
    } else {
      std::string here = simple ? std::string(name) : unescaped(quoted);
      if (last_simple) last_unescaped = std::string(last);
      if (!first && !name_less(last_unescaped, here)) return Cursor{cursor.text, from}.wrong("member names in ascending order, each once");
      last_unescaped = std::move(here);
    }
    last = name;
    last_simple = simple;
    first = false;
    TRY_DO(cursor.expect(":"));
    TRY_DO(skip_value(cursor, depth + 1));
    if (cursor.eat("}")) return {};
    TRY_DO(cursor.expect(","));
  }
}

Result<void> skip_value(Cursor& cursor, int depth) {
  if (depth > kMaxDepth) return cursor.wrong("at most " + std::to_string(kMaxDepth) + " levels of nesting");
  if (cursor.at >= cursor.text.size()) return cursor.wrong("a value");
  bool simple = true;
  switch (cursor.text[cursor.at]) {
    case '"': return skip_string(cursor, simple);
    case '{': return skip_object(cursor, depth);
    case '[':
      ++cursor.at;
      if (cursor.eat("]")) return {};
      while (true) {
        TRY_DO(skip_value(cursor, depth + 1));
        if (cursor.eat("]")) return {};
        TRY_DO(cursor.expect(","));
      }
    case 't': return cursor.expect("true");
    case 'f': return cursor.expect("false");
    case 'n': return cursor.expect("null");
    default: return skip_number(cursor);
  }
}

Result<std::string> read_string(Cursor& cursor) {
  const size_t from = cursor.at;
  bool simple = true;
  TRY_DO(skip_string(cursor, simple));
  const auto quoted = cursor.text.substr(from, cursor.at - from);
  if (simple) return std::string(quoted.substr(1, quoted.size() - 2));
  return unescaped(quoted);
}

Result<uint64_t> read_count(Cursor& cursor) {
  uint64_t value = 0;
  const char* begin = cursor.text.data() + cursor.at;
  const auto [end, error] = std::from_chars(begin, cursor.text.data() + cursor.text.size(), value);
  if (error != std::errc{} || (*begin == '0' && end - begin > 1) || value > (uint64_t{1} << 53)) return cursor.wrong("a count of bytes");
  cursor.at += static_cast<size_t>(end - begin);
  return value;
}

}  // namespace

const EntryKindInfo& entry_kind_info(EntryKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::optional<EntryKind> parse_entry_kind(std::string_view word) {
  for (const auto& info : kKinds)
    if (info.word == word) return info.kind;
  return std::nullopt;
}

Result<void> check_canonical_object(std::string_view json) {
  Cursor cursor{json};
  if (!json.starts_with("{")) return cursor.wrong("a JSON object");
  TRY_DO(skip_object(cursor, 0));
  if (cursor.at != json.size()) return cursor.wrong("the end of the text");
  return {};
}

Result<Entry> parse_entry(std::string leaf) {
  if (leaf.size() > kMaxLeafBytes) return fail(Code::exhausted, "an entry has at most 65,535 bytes, this one has " + std::to_string(leaf.size()));
  Entry entry;
  entry.leaf = std::move(leaf);
  Cursor cursor{entry.leaf};
  TRY_DO(cursor.expect("{\"actor\":"));
  TRY(entry.actor, read_string(cursor));
  if (entry.actor.empty() || entry.actor.size() > kMaxActorBytes) return cursor.wrong("an actor of 1 to 256 bytes before this place");
  TRY_DO(cursor.expect(",\"body\":"));
  if (!cursor.text.substr(cursor.at).starts_with("{")) return cursor.wrong("a JSON object");
  entry.body_offset = static_cast<uint32_t>(cursor.at);
  TRY_DO(skip_object(cursor, 0));
  entry.body_bytes = static_cast<uint32_t>(cursor.at) - entry.body_offset;
  TRY_DO(cursor.expect(",\"documents\":["));
  if (!cursor.eat("]")) {
    while (true) {
      DocumentRef ref;
      TRY_DO(cursor.expect("{\"bytes\":"));
      TRY(ref.bytes, read_count(cursor));
      TRY_DO(cursor.expect(",\"sha256\":\""));
      const auto digits = cursor.text.substr(cursor.at, 64);
      const auto digest = parse_sha256(digits);
      if (!digest || digest->hex() != digits) return cursor.wrong("64 lower-case hexadecimal digits");
      ref.digest = *digest;
      cursor.at += 64;
      TRY_DO(cursor.expect("\",\"type\":"));
      TRY(ref.type, read_string(cursor));
      if (ref.type.empty() || ref.type.size() > kMaxDocumentTypeBytes) return cursor.wrong("a type of 1 to 256 bytes before this place");
      TRY_DO(cursor.expect("}"));
      entry.documents.push_back(std::move(ref));
      if (entry.documents.size() > kMaxEntryDocuments) return cursor.wrong("at most 256 documents");
      if (cursor.eat("]")) break;
      TRY_DO(cursor.expect(","));
    }
  }
  TRY_DO(cursor.expect(",\"kind\":"));
  TRY(const std::string word, read_string(cursor));
  const auto kind = parse_entry_kind(word);
  if (!kind) return cursor.wrong("a kind of entry that this version knows before this place, not \"" + word + "\"");
  entry.kind = *kind;
  TRY_DO(cursor.expect(",\"time\":"));
  TRY(const std::string moment, read_string(cursor));
  const auto time = parse_time(moment);
  if (!time || to_rfc3339_ms(*time) != moment) return cursor.wrong("a time as in 2026-11-22T14:43:00.123Z before this place");
  entry.time = *time;
  TRY_DO(cursor.expect("}"));
  if (cursor.at != entry.leaf.size()) return cursor.wrong("the end of the entry");
  return entry;
}

}  // namespace waybill::log
