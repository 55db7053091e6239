// The graph in one file and back (docs/formats/snapshot.md).
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/base/sha256.h"
#include "waybill/graph/graph.h"
#include "waybill/graph/matcher.h"
#include "waybill/graph/store.h"

namespace waybill::graph {
namespace {

constexpr char kMagic[8] = {'W', 'B', 'G', 'R', 'A', 'P', 'H', '1'};
constexpr uint32_t kVersion = 1;
enum SectionKind : uint32_t { kColumn = 1, kBlob, kIndex, kHeads, kBlocks, kState, kAdvisories };

struct Header {
  char magic[8];
  uint32_t version, sections;
  uint64_t bytes;
  uint8_t digest[32];
  uint8_t zero[8];
};
static_assert(sizeof(Header) == 64);

struct Section {
  char name[24];
  uint32_t kind, width;
  uint64_t offset, length, count, used;
};
static_assert(sizeof(Section) == 64);

struct State {
  uint64_t entries;
  int64_t time_ms;
  uint64_t seed;
};

Section make_section(const char* name, SectionKind kind, uint32_t width, uint64_t length, uint64_t count, uint64_t used = 0) {
  Section section{};
  std::snprintf(section.name, sizeof section.name, "%s", name);
  section.kind = kind;
  section.width = width;
  section.length = length;
  section.count = count;
  section.used = used;
  return section;
}

// First pass: what there is and how long it is. Postings are made compact here, once.
struct Plan {
  std::vector<Section> sections;
  std::vector<std::string> made;  // postings heads and blocks, in order

  template <class T>
  void column(const char* name, const Column<T>& column) {
    sections.push_back(make_section(name, kColumn, sizeof(T), uint64_t{column.size()} * sizeof(T), column.size()));
  }
  void blob(const char* name, const Blob& blob) { sections.push_back(make_section(name, kBlob, 1, blob.size(), blob.size())); }
  void index(const char* name, const HashIndex& index) {
    sections.push_back(make_section(name, kIndex, 8, index.slot_count() * 8, index.slot_count(), index.used()));
  }
  void postings(const char* name, const Postings& postings) {
    std::string heads, blocks;
    postings.write(heads, blocks);
    sections.push_back(make_section(name, kHeads, 8, heads.size(), heads.size() / 8));
    sections.push_back(make_section(name, kBlocks, 1, blocks.size(), blocks.size()));
    made.push_back(std::move(heads));
    made.push_back(std::move(blocks));
  }
};

// A file that is hashed as it is written.
class Out {
 public:
  explicit Out(int file) : file_(file) {}
  void write(const void* bytes, size_t length) {
    if (length == 0) return;
    hash_.update(Bytes(static_cast<const uint8_t*>(bytes), length));
    buffer_.append(static_cast<const char*>(bytes), length);
    written_ += length;
    if (buffer_.size() >= (size_t{1} << 20)) flush();
  }
  void pad() {
    static constexpr char kZeros[64] = {};
    write(kZeros, (64 - written_ % 64) % 64);
  }
  void flush() {
    size_t at = 0;
    while (error_ == 0 && at < buffer_.size()) {
      const ssize_t n = ::write(file_, buffer_.data() + at, buffer_.size() - at);
      if (n < 0 && errno != EINTR) error_ = errno;
      if (n > 0) at += static_cast<size_t>(n);
    }
    buffer_.clear();
  }
  uint64_t written() const { return written_; }
  int error() const { return error_; }
  Sha256 digest() { return hash_.finish(); }

 private:
  int file_, error_ = 0;
  uint64_t written_ = 0;
  Sha256Stream hash_;
  std::string buffer_;
};

// Second pass, in the same order.
struct Writer {
  Out& out;
  std::vector<std::string>& made;
  size_t next = 0;

  template <class T>
  void column(const char*, const Column<T>& column) {
    column.copy_to([&](const uint8_t* bytes, size_t length) { out.write(bytes, length); });
    out.pad();
  }
  void blob(const char*, const Blob& blob) {
    blob.copy_to([&](const uint8_t* bytes, size_t length) { out.write(bytes, length); });
    out.pad();
  }
  void index(const char*, const HashIndex& index) {
    out.write(index.slots(), index.slot_count() * 8);
    out.pad();
  }
  void postings(const char*, const Postings&) {
    for (int i = 0; i < 2; ++i) {
      out.write(made[next].data(), made[next].size());
      made[next++] = {};
      out.pad();
    }
  }
};

// Takes the sections of a mapping, one by one; remembers the first that does not fit.
struct Mapper {
  uint8_t* base;
  const Section* sections;
  uint32_t count;
  uint32_t next = 0;
  bool fits = true;

  const Section* take(SectionKind kind, uint32_t width) {
    if (!fits || next >= count || sections[next].kind != kind || sections[next].width != width) {
      fits = false;
      return nullptr;
    }
    return &sections[next++];
  }
  template <class T>
  void column(const char*, Column<T>& column) {
    if (const Section* s = take(kColumn, sizeof(T))) {
      if (s->count * sizeof(T) != s->length || s->count > kNever)
        fits = false;
      else
        column.map(reinterpret_cast<T*>(base + s->offset), static_cast<uint32_t>(s->count));
    }
  }
  void blob(const char*, Blob& blob) {
    if (const Section* s = take(kBlob, 1)) blob.map(base + s->offset, s->length);
  }
  void index(const char*, HashIndex& index) {
    if (const Section* s = take(kIndex, 8)) {
      if (s->count * 8 != s->length || (s->count & (s->count - 1)) != 0 || s->used >= s->count + (s->count == 0))
        fits = false;
      else
        index.map(reinterpret_cast<uint64_t*>(base + s->offset), s->count, static_cast<uint32_t>(s->used));
    }
  }
  void postings(const char*, Postings& postings) {
    const Section* heads = take(kHeads, 8);
    const Section* blocks = take(kBlocks, 1);
    if (heads == nullptr || blocks == nullptr) return;
    postings.map(reinterpret_cast<uint64_t*>(base + heads->offset), static_cast<uint32_t>(heads->count), reinterpret_cast<uint64_t*>(base + blocks->offset),
                 static_cast<uint32_t>(blocks->length / 8));
  }
};

std::string system_error(int code) { return std::string(std::strerror(code)); }

}  // namespace

Result<void> Graph::write_snapshot(const std::string& path) const {
  const Store& s = *store_;
  Plan plan;
  Store::for_each_section(s, plan);
  const std::string advisories = s.matcher->index().to_image();
  State state{size(), size() == 0 ? 0 : s.entries[static_cast<uint32_t>(size() - 1)].time, s.seed};
  plan.sections.push_back(make_section("state", kState, 1, sizeof state, 1));
  plan.sections.push_back(make_section("advisory_image", kAdvisories, 1, advisories.size(), 1));

  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.sections = static_cast<uint32_t>(plan.sections.size());
  uint64_t offset = sizeof(Header) + plan.sections.size() * sizeof(Section);
  for (auto& section : plan.sections) {
    section.offset = offset;
    offset += (section.length + 63) / 64 * 64;
  }
  header.bytes = offset;

  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto failed = [&](const char* what, int code) {
    if (file >= 0) ::close(file);
    ::unlink(beside.c_str());
    return fail(Error(code == ENOSPC || code == EDQUOT ? Code::exhausted : Code::unavailable,
                      std::string("cannot ") + what + " the graph's snapshot: " + system_error(code))
                    .at(beside)
                    .next("the snapshot can be thrown away: starting without it takes longer, nothing is lost"));
  };
  if (file < 0) return failed("create", errno);
  if (::lseek(file, sizeof(Header), SEEK_SET) < 0) return failed("write", errno);
  Out out(file);
  out.write(plan.sections.data(), plan.sections.size() * sizeof(Section));
  Writer writer{out, plan.made};
  Store::for_each_section(s, writer);
  out.write(&state, sizeof state);
  out.pad();
  out.write(advisories.data(), advisories.size());
  out.pad();
  out.flush();
  if (out.error() != 0) return failed("write", out.error());
  if (out.written() + sizeof(Header) != header.bytes) return failed("write", EIO);
  const Sha256 digest = out.digest();
  std::memcpy(header.digest, digest.bytes.data(), 32);
  if (::pwrite(file, &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) return failed("write", errno);
  if (::fsync(file) != 0) return failed("sync", errno);
  if (::close(file) != 0) return failed("close", errno);
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const int code = errno;
    ::unlink(beside.c_str());
    return fail(Error(Code::unavailable, "cannot rename the graph's snapshot: " + system_error(code)).at(path));
  }
  return {};
}

Result<std::unique_ptr<Graph>> Graph::open_snapshot(const std::string& path) {
  const auto bad = [&](std::string what) {
    return fail(Error(Code::invalid, "this is no snapshot that can be used: " + std::move(what))
                    .at(path)
                    .next("remove the file; the graph is then folded from the log"));
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(Error(errno == ENOENT ? Code::not_found : Code::unavailable, "cannot open the graph's snapshot: " + system_error(errno)).at(path));
  struct stat info{};
  if (::fstat(file, &info) != 0) {
    ::close(file);
    return bad(system_error(errno));
  }
  const auto bytes = static_cast<size_t>(info.st_size);
  if (bytes < sizeof(Header)) {
    ::close(file);
    return bad("it is shorter than its header");
  }
  void* const mapping = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
  if (mapping == MAP_FAILED) {
    const int code = errno;
    ::close(file);
    return fail(Error(Code::exhausted, "cannot map the graph's snapshot: " + system_error(code)).at(path));
  }
  auto graph = std::make_unique<Graph>();
  Store& s = *graph->store_;
  s.mapping = mapping;
  s.mapping_bytes = bytes;
  s.snapshot_path = path;
  auto* const base = static_cast<uint8_t*>(mapping);
  Header header;
  std::memcpy(&header, base, sizeof header);
  const auto refuse = [&](std::string what) {
    ::close(file);
    return bad(std::move(what));
  };
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return refuse("it does not begin with WBGRAPH1");
  if (header.version != kVersion)
    return refuse("it is of version " + std::to_string(header.version) + ", this program reads version " + std::to_string(kVersion));
  if (header.bytes != bytes) return refuse("it has " + std::to_string(bytes) + " bytes and should have " + std::to_string(header.bytes));
  if (header.sections > 1024 || sizeof(Header) + header.sections * sizeof(Section) > bytes) return refuse("its table is longer than the file");
  const auto* const sections = reinterpret_cast<const Section*>(base + sizeof(Header));
  for (uint32_t i = 0; i < header.sections; ++i) {
    if (sections[i].offset % 64 != 0 || sections[i].offset > bytes || sections[i].length > bytes - sections[i].offset)
      return refuse("section " + std::to_string(i) + " lies outside of the file");
  }
  Mapper mapper{base, sections, header.sections};
  Store::for_each_section(s, mapper);
  const Section* const state_at = mapper.take(kState, 1);
  const Section* const advisories = mapper.take(kAdvisories, 1);
  if (state_at == nullptr || advisories == nullptr || state_at->length != sizeof(State)) return refuse("its sections are not those of this program");
  State state;
  std::memcpy(&state, base + state_at->offset, sizeof state);
  if (state.entries != s.entries.size())
    return refuse("it says that it holds " + std::to_string(state.entries) + " entries and holds " + std::to_string(s.entries.size()));
  s.seed = state.seed;
  s.matcher->open_later({base + advisories->offset, advisories->length});
  s.published.store(state.entries, std::memory_order_release);

  // The file itself is read again, not our pages of it, which the fold may have changed.
  s.verified.store(0, std::memory_order_release);
  s.verifier = std::thread([&s, file, bytes, expected = header] {
    bool holds = false;
    const void* const shared = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) {
      ::madvise(const_cast<void*>(shared), bytes, MADV_SEQUENTIAL);
      Sha256Stream hash;
      constexpr size_t kPiece = size_t{4} << 20;
      for (size_t at = sizeof(Header); at < bytes && !s.closing.load(std::memory_order_relaxed); at += kPiece) {
        hash.update(Bytes(static_cast<const uint8_t*>(shared) + at, std::min(kPiece, bytes - at)));
      }
      holds = std::memcmp(hash.finish().bytes.data(), expected.digest, 32) == 0;
      ::munmap(const_cast<void*>(shared), bytes);
    }
    ::close(file);
    s.verified.store(holds ? 1 : 2, std::memory_order_release);
    s.verified.notify_all();
  });
  return graph;
}

Result<void> Graph::wait_verified() const {
  store_->verified.wait(0, std::memory_order_acquire);
  if (store_->verified.load(std::memory_order_acquire) == 1) return {};
  return fail(Error(Code::invalid, "the graph's snapshot is damaged: its SHA-256 does not hold")
                  .at(store_->snapshot_path)
                  .next("remove the file; the graph is then folded from the log"));
}

namespace {

struct Hasher {
  Sha256Stream& hash;
  template <class T>
  void column(const char*, const Column<T>& column) {
    column.copy_to([&](const uint8_t* bytes, size_t length) { hash.update(Bytes(bytes, length)); });
  }
  void blob(const char*, const Blob& blob) {
    blob.copy_to([&](const uint8_t* bytes, size_t length) { hash.update(Bytes(bytes, length)); });
  }
  void index(const char*, const HashIndex&) {}  // follows from the rows, and from a seed that is drawn
  void postings(const char*, const Postings& postings) {
    std::vector<uint32_t> ids;
    for (uint32_t row = 0; row < postings.rows(); ++row) {
      ids.assign(1, row);
      postings.for_each(row, kNever, [&](uint32_t id) { ids.push_back(id); });
      hash.update(Bytes(reinterpret_cast<const uint8_t*>(ids.data()), ids.size() * 4));
    }
  }
};

}  // namespace

Sha256 Graph::content_hash() const {
  Sha256Stream hash;
  Hasher hasher{hash};
  Store::for_each_section(std::as_const(*store_), hasher);
  hash.update(store_->matcher->index().to_image());
  return hash.finish();
}

const advisory::Index& Graph::advisories() const { return store_->matcher->index(); }

}  // namespace waybill::graph
