#include "waybill/trust/note.h"

#include <charconv>

namespace waybill::trust {
namespace {

constexpr std::string_view kSignaturePrefix = "\u2014 ";  // an em dash and a space
constexpr char kEd25519 = 0x01;

tl::unexpected<Error> malformed(std::string message, size_t line) {
  return fail(Error(Code::invalid, std::move(message)).at("line " + std::to_string(line)).at("signed note"));
}

// C2SP signed-note: not empty, no Unicode space, no plus.
bool is_key_name(std::string_view name) {
  if (name.empty() || find_invalid_utf8(name)) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<uint8_t>(name[i]);
    if (c <= 0x20 || c == 0x7f || c == '+') return false;
    // U+0085, U+00A0, U+1680, U+2000…200A, U+2028, U+2029, U+202F, U+205F, U+3000: Unicode's White_Space.
    const auto rest = name.substr(i, 3);
    if (rest.starts_with("\xc2\x85") || rest.starts_with("\xc2\xa0") || rest == "\xe1\x9a\x80" || rest == "\xe2\x81\x9f" || rest == "\xe3\x80\x80")
      return false;
    if (rest.size() == 3 && rest.starts_with("\xe2\x80")) {
      const auto last = static_cast<uint8_t>(rest[2]);
      if (last <= 0x8a || last == 0xa8 || last == 0xa9 || last == 0xaf) return false;
    }
  }
  return true;
}

uint32_t big_endian32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
  return value;
}
std::string big_endian32(uint32_t value) {
  std::string bytes(4, '\0');
  for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
  return bytes;
}
std::string hex32(uint32_t value) { return to_hex(as_bytes(big_endian32(value))); }

uint32_t key_hash(std::string_view name, std::string_view type_and_key) {
  const Sha256 hash = sha256(std::string(name) + "\n" + std::string(type_and_key));
  return big_endian32(as_text(Bytes(hash.bytes)).substr(0, 4));
}

// Where the text of a note is not fit to be signed; npos when it is.
size_t bad_text_byte(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    if (static_cast<uint8_t>(text[i]) < 0x20 && text[i] != '\n') return i;
  return find_invalid_utf8(text).value_or(std::string_view::npos);
}
size_t line_of(std::string_view text, size_t byte) {
  return 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n'));
}

std::string signature_line(const NoteSignature& signature) {
  return std::string(kSignaturePrefix) + signature.name + " " + to_base64(as_bytes(big_endian32(signature.hash) + signature.bytes)) + "\n";
}

}  // namespace

Result<NoteVerifier> NoteVerifier::of(std::string name, const PublicKey& key) {
  if (!is_key_name(name)) return fail(Code::invalid, "\"" + name + "\" is no name for a note's key: expected no spaces and no plus");
  const std::string raw = key.ed25519_bytes();
  if (raw.empty()) return fail(Code::invalid, "notes are signed with Ed25519 keys, this key is " + std::string(waybill::trust::to_string(key.type())));
  const uint32_t hash = key_hash(name, kEd25519 + raw);
  return NoteVerifier{std::move(name), hash, key};
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view text) {
  const auto bad = [&](const std::string& why) {
    return fail(Error(Code::invalid, why)
                    .at("verifier key \"" + std::string(text.substr(0, 200)) + "\"")
                    .next("expected NAME+8HEX+BASE64, as `waybill log key` prints it"));
  };
  const size_t first = text.find('+');
  const size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return bad("it does not have three parts");
  const auto name = text.substr(0, first), hash_text = text.substr(first + 1, second - first - 1);
  if (!is_key_name(name)) return bad("the name is empty or has a space");
  const auto hash = hash_text.size() == 8 ? parse_hex(hash_text) : std::nullopt;
  if (!hash || to_hex(as_bytes(*hash)) != hash_text) return bad("the hash is not eight lower-case hexadecimal digits");
  const auto key = parse_base64(text.substr(second + 1));
  if (!key || key->empty()) return bad("the key is no base64");
  if ((*key)[0] != kEd25519) return bad("only Ed25519 keys (type 0x01) are supported");
  if (key->size() != 33) return bad("an Ed25519 key has 32 bytes behind its type");
  if (key_hash(name, *key) != big_endian32(*hash)) return bad("the hash does not fit name and key");
  TRY(auto public_key, PublicKey::from_ed25519(as_bytes(std::string_view(*key).substr(1))));
  return of(std::string(name), public_key);
}

std::string NoteVerifier::to_string() const { return name + "+" + hex32(hash) + "+" + to_base64(as_bytes(kEd25519 + key.ed25519_bytes())); }

Result<NoteSigner> NoteSigner::of(std::string name, const PrivateKey& key) {
  TRY(auto verifier, NoteVerifier::of(std::move(name), key.public_key()));
  return NoteSigner{std::move(verifier.name), verifier.hash, key};
}

Result<Note> parse_note(std::string_view note) {
  if (note.size() > kMaxNoteBytes) return fail(Code::exhausted, "a signed note has at most " + std::to_string(kMaxNoteBytes) + " bytes");
  if (const size_t bad = bad_text_byte(note); bad != std::string_view::npos)
    return malformed("a control character or broken UTF-8 at byte " + std::to_string(bad), line_of(note, bad));
  // The last empty line parts text and signatures.
  const size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || gap == 0) return malformed("expected a text, an empty line and signatures", 1);
  Note out;
  out.text = note.substr(0, gap + 1);
  auto rest = note.substr(gap + 2);
  size_t line = line_of(note, gap + 2);
  if (rest.empty()) return malformed("expected a signature line behind the empty line", line);
  for (; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return malformed("the last line has no line feed", line);
    auto text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!text.starts_with(kSignaturePrefix)) return malformed("expected a signature: an em dash, a space, name, space, base64", line);
    text.remove_prefix(kSignaturePrefix.size());
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || !is_key_name(text.substr(0, space))) return malformed("expected a key's name and one space", line);
    const auto bytes = parse_base64(text.substr(space + 1));
    if (!bytes) return malformed(bytes.error().message(), line);
    if (bytes->size() < 5) return malformed("a signature has four bytes of key hash and something behind them", line);
    if (out.signatures.size() == kMaxNoteSignatures) return malformed("more than " + std::to_string(kMaxNoteSignatures) + " signatures", line);
    out.signatures.push_back({std::string(text.substr(0, space)), big_endian32(std::string_view(*bytes).substr(0, 4)), bytes->substr(4)});
  }
  return out;
}

Result<std::string> sign_note(std::string_view text, const NoteSigner& signer, std::span<const NoteSignature> others) {
  if (text.empty() || text.back() != '\n') return fail(Code::invalid, "the text of a note must end with a line feed");
  if (const size_t bad = bad_text_byte(text); bad != std::string_view::npos)
    return malformed("a control character or broken UTF-8 at byte " + std::to_string(bad), line_of(text, bad));
  TRY(auto signature, signer.key.sign(text));
  std::string note(text);
  note += '\n';
  note += signature_line({signer.name, signer.hash, std::move(signature)});
  for (const auto& other : others)
    if (other.name != signer.name || other.hash != signer.hash) note += signature_line(other);
  return note;
}

Result<std::string> verify_note(std::string_view note, std::span<const NoteVerifier> verifiers) {
  TRY(auto parsed, parse_note(note));
  std::vector<bool> seen(verifiers.size());
  bool signed_by_known = false;
  for (const NoteSignature& signature : parsed.signatures) {
    for (size_t i = 0; i < verifiers.size(); ++i) {
      if (verifiers[i].name != signature.name || verifiers[i].hash != signature.hash || seen[i]) continue;
      seen[i] = true;  // a second signature of the same key is passed over
      if (auto fits = verifiers[i].key.verify(parsed.text, signature.bytes); !fits)
        return fail(Error(Code::denied, "the signature of " + signature.name + "+" + hex32(signature.hash) + " does not fit the text").at("signed note"));
      signed_by_known = true;
    }
  }
  if (!signed_by_known) {
    std::string names;
    for (const auto& signature : parsed.signatures) names += (names.empty() ? "" : ", ") + signature.name + "+" + hex32(signature.hash);
    return fail(Error(Code::denied, "no signature of a known key: signed by " + names).at("signed note").next("check that the public key is that of this log"));
  }
  return std::move(parsed.text);
}

std::string Checkpoint::to_text() const {
  std::string text = origin + "\n" + std::to_string(size) + "\n" + to_base64(Bytes(root.bytes)) + "\n";
  for (const auto& line : extensions) text += line + "\n";
  return text;
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  const auto bad = [](std::string message, size_t line) {
    return fail(Error(Code::invalid, std::move(message)).at("line " + std::to_string(line)).at("checkpoint"));
  };
  if (const size_t byte = bad_text_byte(text); byte != std::string_view::npos)
    return bad("a control character or broken UTF-8 at byte " + std::to_string(byte), line_of(text, byte));
  if (text.empty() || text.back() != '\n') return bad("the last line has no line feed", line_of(text, text.size()));
  const auto lines = split(text.substr(0, text.size() - 1), '\n');
  if (lines.size() < 3) return bad("expected three lines: origin, tree size, root hash", lines.size());
  Checkpoint out;
  if (lines[0].empty()) return bad("the origin is empty", 1);
  out.origin = lines[0];
  const auto number = lines[1];
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out.size);
  if (error != std::errc{} || end != number.data() + number.size() || number != std::to_string(out.size))
    return bad("expected the tree size as a decimal number without leading zeros", 2);
  const auto root = parse_base64(lines[2]);
  if (!root || root->size() != 32) return bad("expected the root hash as base64 of 32 bytes", 3);
  std::copy(root->begin(), root->end(), out.root.bytes.begin());
  for (size_t i = 3; i < lines.size(); ++i) {
    if (lines[i].empty()) return bad("an extension line is empty", i + 1);
    out.extensions.emplace_back(lines[i]);
  }
  return out;
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& signer) { return sign_note(checkpoint.to_text(), signer); }

Result<Checkpoint> verify_checkpoint(std::string_view note, const NoteVerifier& log) {
  TRY(const auto text, verify_note(note, {&log, 1}));
  TRY(auto checkpoint, Checkpoint::parse(text));
  if (checkpoint.origin != log.name)
    return fail(Error(Code::denied, "its origin is \"" + checkpoint.origin + "\", the key is that of \"" + log.name + "\"").at("checkpoint"));
  return checkpoint;
}

}  // namespace waybill::trust
