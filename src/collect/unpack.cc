// Many documents in one body: NDJSON lines and tar archives.
#include "waybill/base/bytes.h"
#include "waybill/base/compress.h"
#include "waybill/collect/collect.h"

namespace waybill::collect {
namespace {

constexpr size_t kBlock = 512;

// A number in a tar header: octal text, or base 256 when its first bit is set (GNU).
std::optional<uint64_t> parse_number(std::string_view field) {
  if (field.empty()) return std::nullopt;
  if ((static_cast<uint8_t>(field[0]) & 0x80) != 0) {
    uint64_t value = static_cast<uint8_t>(field[0]) & 0x7f;
    for (const char c : field.substr(1)) {
      if (value >> 56 != 0) return std::nullopt;
      value = value << 8 | static_cast<uint8_t>(c);
    }
    return value;
  }
  uint64_t value = 0;
  bool any = false;
  for (const char c : field) {
    if (c == ' ' && !any) continue;
    if (c == ' ' || c == '\0') break;
    if (c < '0' || c > '7' || value >> 60 != 0) return std::nullopt;
    value = value * 8 + static_cast<uint64_t>(c - '0');
    any = true;
  }
  return any ? std::optional(value) : std::nullopt;
}

std::string_view text_of(std::string_view field) { return field.substr(0, field.find('\0')); }

bool checksum_fits(std::string_view header) {
  const auto wanted = parse_number(header.substr(148, 8));
  if (!wanted) return false;
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<uint8_t>(header[i]);
  return sum == *wanted;
}

// "27 path=some/long/name\n" records of a pax header; the ones that matter.
struct Pax {
  std::string path;
  std::optional<uint64_t> size;
};
Result<void> parse_pax(std::string_view records, Pax& pax) {
  while (!records.empty()) {
    const auto space = records.find(' ');
    uint64_t length = 0;
    if (space == std::string_view::npos || space > 10) return fail(Code::invalid, "a pax header is broken: expected \"LENGTH KEY=VALUE\"");
    for (const char c : records.substr(0, space)) {
      if (c < '0' || c > '9') return fail(Code::invalid, "a pax header is broken: its length is no number");
      length = length * 10 + static_cast<uint64_t>(c - '0');
    }
    if (length <= space + 1 || length > records.size() || records[length - 1] != '\n')
      return fail(Code::invalid, "a pax header is broken: a record ends in the wrong place");
    const auto record = records.substr(space + 1, length - space - 2);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) return fail(Code::invalid, "a pax header is broken: expected KEY=VALUE");
    const auto key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") pax.path = value;
    if (key == "size") {
      uint64_t size = 0;
      for (const char c : value) {
        if (c < '0' || c > '9' || size > (uint64_t{1} << 50)) return fail(Code::invalid, "a pax header is broken: its size is no number");
        size = size * 10 + static_cast<uint64_t>(c - '0');
      }
      pax.size = size;
    }
    records.remove_prefix(length);
  }
  return {};
}

}  // namespace

Result<void> for_each_line(std::string_view body, const std::function<bool(const Piece&)>& each) {
  size_t number = 0;
  while (!body.empty()) {
    ++number;
    const auto end = body.find('\n');
    const auto line = trim(body.substr(0, end));
    body = end == std::string_view::npos ? std::string_view{} : body.substr(end + 1);
    if (line.empty()) continue;
    const std::string name = "line " + std::to_string(number);
    if (!each({name, line})) return {};
  }
  return {};
}

bool looks_like_tar(std::string_view bytes) { return bytes.size() >= kBlock && checksum_fits(bytes.substr(0, kBlock)); }

Result<void> for_each_in_tar(std::string_view body, const std::function<bool(const Piece&)>& each, const UnpackLimits& limits) {
  std::string unpacked;
  if (is_zstd(body)) {
    TRY(unpacked, zstd_decompress(body, limits.unpacked_bytes));
    body = unpacked;
  } else if (is_gzip(body)) {
    TRY(unpacked, gzip_decompress(body, limits.unpacked_bytes));
    body = unpacked;
  }
  const auto place = [whole = body](std::string_view rest) { return "byte " + std::to_string(whole.size() - rest.size()) + " of the archive"; };
  Pax pax;
  std::string long_name;
  size_t documents = 0, zeros = 0;
  while (!body.empty()) {
    if (body.size() < kBlock)
      return fail(Error(Code::invalid, "the archive ends inside a header: expected 512 bytes, found " + std::to_string(body.size())).at(place(body)));
    const auto header = body.substr(0, kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) {
      body.remove_prefix(kBlock);
      if (++zeros == 2) break;
      continue;
    }
    zeros = 0;
    if (!checksum_fits(header)) return fail(Error(Code::invalid, "this is no tar archive, or a broken one: a header's checksum does not fit").at(place(body)));
    auto size = parse_number(header.substr(124, 12));
    if (!size) return fail(Error(Code::invalid, "a header's size is no number").at(place(body)));
    const char type = header[156];
    if (pax.size && type != 'x' && type != 'g') size = pax.size;
    if (*size > body.size() - kBlock)
      return fail(Error(Code::invalid,
                        "the archive is cut short: a file of " + std::to_string(*size) + " bytes, only " + std::to_string(body.size() - kBlock) + " are left")
                      .at(place(body)));
    const auto content = body.substr(kBlock, static_cast<size_t>(*size));
    if (type == 'x') {
      if (content.size() > size_t{1} << 20) return fail(Error(Code::exhausted, "a pax header of more than 1 MiB").at(place(body)));
      TRY_DO(parse_pax(content, pax));
    } else if (type == 'L') {
      if (content.size() > 65536) return fail(Error(Code::exhausted, "a file name of more than 64 KiB").at(place(body)));
      long_name = text_of(content);
    } else if (type != 'g' && type != 'K') {
      if (type == '0' || type == '\0' || type == '7') {
        std::string name = !pax.path.empty() ? pax.path : !long_name.empty() ? long_name : std::string(text_of(header.substr(0, 100)));
        const auto prefix = header.substr(257, 5) == "ustar" ? text_of(header.substr(345, 155)) : std::string_view{};
        if (pax.path.empty() && long_name.empty() && !prefix.empty()) name = std::string(prefix) + "/" + name;
        if (++documents > limits.documents) return fail(Code::exhausted, "the archive has more than " + std::to_string(limits.documents) + " files");
        if (content.size() > limits.document_bytes)
          return fail(Error(Code::exhausted,
                            name + " has " + std::to_string(content.size()) + " bytes, at most " + std::to_string(limits.document_bytes) + " are taken")
                          .at(place(body)));
        // A trailing slash was how very old archives said "directory".
        if (!name.ends_with('/') && !each({name, content})) return {};
      }
      pax = {};
      long_name.clear();
    }
    const size_t whole = kBlock + (static_cast<size_t>(*size) + kBlock - 1) / kBlock * kBlock;
    body.remove_prefix(std::min(whole, body.size()));
  }
  return {};
}

}  // namespace waybill::collect
