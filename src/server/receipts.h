// Evidence over HTTP: bodies into documents, receipts into JSON.
//
// Shared by the route (waiting) and the server (not waiting).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "waybill/collect/collect.h"
#include "waybill/server/routes.h"

namespace waybill::server {

// With checkpoint and inclusion proof, or without: then tree size and root only.
enum class Proofs : uint8_t { none, with };
void append_receipt(JsonWriter& w, World& world, const collect::Receipt& receipt, Proofs proofs);

// Undoes gzip and zstd (`content-encoding`). The view is `body` itself or `storage`. Errors: invalid for another encoding
// (415), exhausted beyond `max_bytes`.
Result<std::string_view> decode_body(const http::Request& request, std::string_view body, std::string& storage, size_t max_bytes);

enum class BodyKind : uint8_t { document, lines, archive };
// By content type, else by content. `body` may be replaced by what it unpacks to (a .tar.zst sent as it is).
Result<BodyKind> find_body_kind(const http::Request& request, std::string_view& body, std::string& storage, size_t max_bytes);

// Reads the options of a request.
collect::Options evidence_options(const Context& context);

// Every document of a batch; `write` gets a line of JSON for each, in order, and says whether anybody still listens.
// Goes on after refusals; what ends it early is the last line. Keeps many under way at once.
void collect_batch(World& world, BodyKind kind, std::string_view body, const collect::Options& options, const std::function<bool(std::string_view)>& write);

// The JSON of an error, on one line: what a batch says of a refused document.
std::string problem_line(const Error& error, std::string_view name);

}  // namespace waybill::server
