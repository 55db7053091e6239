#include "waybill/base/compress.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zlib.h>
#include <zstd.h>

#include <memory>

namespace waybill {
namespace {

constexpr size_t kKeptBytes = size_t{2} << 20;  // of a thread's output buffer

struct CompressContext {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::unique_ptr<char[]> out;
  size_t room = 0;
  CompressContext() = default;
  CompressContext(const CompressContext&) = delete;
  CompressContext& operator=(const CompressContext&) = delete;
  ~CompressContext() { ZSTD_freeCCtx(context); }
};
struct DecompressContext {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  DecompressContext() = default;
  DecompressContext(const DecompressContext&) = delete;
  DecompressContext& operator=(const DecompressContext&) = delete;
  ~DecompressContext() { ZSTD_freeDCtx(context); }
};

std::string compress(std::string_view bytes, std::string_view prefix, int level) {
  thread_local CompressContext holder;
  ZSTD_CCtx* context = holder.context;
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  // Level 1 is chosen for speed: a hash table that stays in the first-level cache gives a tenth of the time back for 4 % of size.
  if (level == 1 && prefix.empty()) ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 13);
  if (!prefix.empty()) {
    // The window must reach back over the whole prefix.
    int window = 10;
    while (window < 27 && (size_t{1} << window) < prefix.size() + bytes.size()) ++window;
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
    ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
  }
  // Into memory that this thread keeps: what comes out is small, what must be there is not, and a string would zero it first.
  const size_t bound = ZSTD_compressBound(bytes.size());
  std::unique_ptr<char[]> once;
  char* out = nullptr;
  if (bound <= kKeptBytes) {
    if (holder.room < bound) {
      holder.out = std::make_unique_for_overwrite<char[]>(bound + bound / 2);
      holder.room = bound + bound / 2;
    }
    out = holder.out.get();
  } else {
    once = std::make_unique_for_overwrite<char[]>(bound);
    out = once.get();
  }
  const size_t size = ZSTD_compress2(context, out, bound, bytes.data(), bytes.size());
  if (ZSTD_isError(size)) throw std::bad_alloc();  // the only way to fail with a buffer of compressBound bytes
  return std::string(out, size);
}

Result<std::string> decompress(std::string_view frame, std::string_view prefix, size_t max_bytes) {
  thread_local DecompressContext holder;
  ZSTD_DCtx* context = holder.context;
  ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27);
  if (!prefix.empty()) ZSTD_DCtx_refPrefix(context, prefix.data(), prefix.size());
  const auto declared = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) return fail(Code::invalid, "this is no zstd frame");
  auto too_large = [&] { return fail(Code::exhausted, "the zstd data holds more than " + std::to_string(max_bytes) + " bytes"); };
  std::string out;
  if (declared != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (declared > max_bytes) return too_large();
    out.reserve(declared);
  }
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  size_t hint = 1;
  while (in.pos < in.size || hint != 0) {
    const size_t before = out.size();
    const size_t step = declared != ZSTD_CONTENTSIZE_UNKNOWN && before == 0 ? std::max<size_t>(declared, 1) : std::max<size_t>(ZSTD_DStreamOutSize(), before);
    out.resize(before + step);
    ZSTD_outBuffer piece{out.data() + before, step, 0};
    const size_t in_before = in.pos;
    hint = ZSTD_decompressStream(context, &piece, &in);
    if (ZSTD_isError(hint)) return fail(Code::invalid, std::string("the zstd data is broken: ") + ZSTD_getErrorName(hint));
    out.resize(before + piece.pos);
    if (out.size() > max_bytes) return too_large();
    if (in.pos == in.size && hint != 0 && piece.pos == 0 && in_before == in.pos) return fail(Code::invalid, "the zstd data is cut off");
  }
  return out;
}

}  // namespace

std::string zstd_compress(std::string_view bytes, int level) { return compress(bytes, {}, level); }
std::string zstd_compress_with_prefix(std::string_view bytes, std::string_view prefix, int level) { return compress(bytes, prefix, level); }
Result<std::string> zstd_decompress(std::string_view frame, size_t max_bytes) { return decompress(frame, {}, max_bytes); }
Result<std::string> zstd_decompress_with_prefix(std::string_view frame, std::string_view prefix, size_t max_bytes) {
  return decompress(frame, prefix, max_bytes);
}

Result<std::string> gzip_decompress(std::string_view bytes, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  while (true) {
    const size_t before = out.size(), step = std::max<size_t>(size_t{64} << 10, before);
    out.resize(before + step);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(step);
    const int status = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + step - stream.avail_out);
    if (out.size() > max_bytes) return fail(Code::exhausted, "the gzip data holds more than " + std::to_string(max_bytes) + " bytes");
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      if (inflateReset(&stream) != Z_OK) return fail(Code::invalid, "the gzip data is broken");
    } else if (status != Z_OK) {
      return fail(Code::invalid, status == Z_BUF_ERROR ? "the gzip data is cut off" : "the gzip data is broken");
    }
  }
}

std::string gzip_compress(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
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

bool is_zstd(std::string_view bytes) { return bytes.starts_with("\x28\xb5\x2f\xfd"); }
bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

}  // namespace waybill
