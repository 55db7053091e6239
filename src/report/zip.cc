#include "waybill/report/zip.h"

#include <zlib.h>

#include <cstring>
#include <limits>

namespace waybill::report {
namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kUtf8Names = 0x0800;

void put16(std::string& out, uint16_t value) {
  out.push_back(static_cast<char>(value & 0xff));
  out.push_back(static_cast<char>(value >> 8));
}
void put32(std::string& out, uint32_t value) {
  put16(out, static_cast<uint16_t>(value & 0xffff));
  put16(out, static_cast<uint16_t>(value >> 16));
}
uint16_t get16(std::string_view in, size_t at) { return static_cast<uint16_t>(static_cast<uint8_t>(in[at]) | static_cast<uint8_t>(in[at + 1]) << 8); }
uint32_t get32(std::string_view in, size_t at) { return get16(in, at) | static_cast<uint32_t>(get16(in, at + 2)) << 16; }
uint32_t checksum(std::string_view bytes) { return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size())); }

std::string deflate_raw(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
Result<std::string> inflate_raw(std::string_view bytes, size_t size) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) throw std::bad_alloc();
  std::string out(size + 1, '\0');  // one byte more shows a member that is longer than it says
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  const size_t got = stream.total_out;
  inflateEnd(&stream);
  if (status != Z_STREAM_END || got != size) return fail(Code::invalid, "the compressed member is broken");
  out.resize(size);
  return out;
}
tl::unexpected<Error> broken(size_t at, const char* what) {
  return fail(Error(Code::invalid, std::string("the zip is broken: ") + what).at("byte " + std::to_string(at)));
}

}  // namespace

bool is_zip(std::string_view bytes) { return bytes.starts_with("PK\x03\x04") || bytes.starts_with(std::string_view("PK\x05\x06")); }

std::string write_zip(const ZipMembers& members) {
  std::string out, directory;
  uint16_t count = 0;
  for (const auto& [name, bytes] : members) {
    std::string packed = deflate_raw(bytes);
    const uint16_t method = packed.size() < bytes.size() ? kDeflated : kStored;
    if (method == kStored) packed = bytes;
    const auto offset = static_cast<uint32_t>(out.size());
    auto common = [&, &bytes = bytes, &name = name](std::string& to) {
      put16(to, 20);
      put16(to, kUtf8Names);
      put16(to, method);
      put16(to, 0);       // 00:00:00
      put16(to, 0x0021);  // 1980-01-01: the same members give the same bytes
      put32(to, checksum(bytes));
      put32(to, static_cast<uint32_t>(packed.size()));
      put32(to, static_cast<uint32_t>(bytes.size()));
      put16(to, static_cast<uint16_t>(name.size()));
      put16(to, 0);
    };
    put32(out, kLocal);
    common(out);
    out += name;
    out += packed;
    put32(directory, kCentral);
    put16(directory, 0x0314);  // made by: Unix, 2.0
    common(directory);
    put16(directory, 0);
    put16(directory, 0);
    put16(directory, 0);
    put32(directory, 0100644u << 16);
    put32(directory, offset);
    directory += name;
    ++count;
  }
  const auto start = static_cast<uint32_t>(out.size());
  out += directory;
  put32(out, kEnd);
  put16(out, 0);
  put16(out, 0);
  put16(out, count);
  put16(out, count);
  put32(out, static_cast<uint32_t>(directory.size()));
  put32(out, start);
  put16(out, 0);
  return out;
}

Result<ZipMembers> read_zip(std::string_view zip, size_t max_members, size_t max_bytes) {
  if (zip.size() < 22) return broken(0, "it is shorter than an empty one");
  size_t end = zip.size() - 22;
  const size_t lowest = end > 65535 ? end - 65535 : 0;
  while (get32(zip, end) != kEnd || end + 22 + get16(zip, end + 20) != zip.size()) {
    if (end == lowest) return broken(zip.size(), "its directory is missing, it may be cut off");
    --end;
  }
  const size_t count = get16(zip, end + 10), start = get32(zip, end + 16), size = get32(zip, end + 12);
  if (count > max_members) return fail(Code::exhausted, "the zip has " + std::to_string(count) + " members, the limit is " + std::to_string(max_members));
  if (start > end || size > end - start) return broken(end, "its directory lies outside");
  ZipMembers members;
  size_t at = start, total = 0;
  for (size_t i = 0; i < count; ++i) {
    if (at + 46 > end || get32(zip, at) != kCentral) return broken(at, "expected an entry of the directory");
    const uint16_t flags = get16(zip, at + 8), method = get16(zip, at + 10);
    const uint32_t crc = get32(zip, at + 16), packed = get32(zip, at + 20), bytes = get32(zip, at + 24), local = get32(zip, at + 42);
    const size_t name_bytes = get16(zip, at + 28), next = at + 46 + name_bytes + get16(zip, at + 30) + get16(zip, at + 32);
    if (next > end) return broken(at, "an entry of the directory lies outside");
    std::string name(zip.substr(at + 46, name_bytes));
    if ((flags & 1) != 0) return broken(at, "a member is encrypted");
    if (method != kStored && method != kDeflated) return broken(at, "a member is compressed in another way than deflate");
    if (name.empty() || name.front() == '/' || name.find("..") != std::string::npos || name.find('\\') != std::string::npos ||
        name.find('\0') != std::string::npos)
      return broken(at, "the name of a member points outside");
    for (const auto& [other, ignored] : members)
      if (other == name) return broken(at, "a name stands twice");
    if (bytes > max_bytes - total) return fail(Code::exhausted, "the zip holds more than " + std::to_string(max_bytes) + " bytes");
    total += bytes;
    if (local > start || start - local < 30 || get32(zip, local) != kLocal) return broken(local, "a member does not begin where the directory says");
    const size_t data = local + size_t{30} + get16(zip, local + 26) + get16(zip, local + 28);
    if (data > start || packed > start - data) return broken(local, "a member lies outside");
    const auto content = zip.substr(data, packed);
    std::string plain;
    if (method == kStored) {
      if (packed != bytes) return broken(local, "the sizes of a stored member differ");
      plain = content;
    } else {
      TRY(plain, inflate_raw(content, bytes));
    }
    if (checksum(plain) != crc) return broken(local, "a member's checksum does not fit");
    members.emplace_back(std::move(name), std::move(plain));
    at = next;
  }
  return members;
}

}  // namespace waybill::report
