#include "apps/waybill/check_path.h"

#include <unistd.h>

#include "apps/waybill/api.h"
#include "apps/waybill/terminal.h"
#include "apps/waybill/version.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"
#include "waybill/formats/formats.h"
#include "waybill/graph/graph.h"
#include "waybill/policy/decide.h"
#include "waybill/server/world.h"

namespace waybill::cli {
namespace {

Result<std::string> read_path(const std::string& path) {
  if (path != "-") return Disk::system().read_file(path, size_t{1} << 30);
  std::string out;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(0, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(got));
  return out;
}

Result<void> apply(graph::Graph& graph, const facts::Batch& batch, std::string_view kind, std::string_view subject, Sha256 document, uint64_t bytes, Time now) {
  graph::EntryHead head;
  head.index = graph.size();
  head.time = now;
  const auto last = graph.view().time();
  if (last > head.time) head.time = last;
  head.kind = kind;
  head.actor = "person:local";
  head.subject = subject;
  head.document = document;
  head.document_bytes = bytes;
  return graph.apply(head, batch);
}

// An environment that nobody has set up: its name is its tier, or production.
Result<void> set_up_environment(graph::Graph& graph, const std::string& name, Time now) {
  if (graph.view().find_environment(name)) {
    const auto known = graph.view().environment(graph.view().find_environment(name));
    if (known && !known->json.empty()) return {};
  }
  const std::string tier = name == "development" || name == "staging" ? name : "production";
  JsonWriter w;
  w.begin_object().field("name", name).field("schema", "waybill/environment/v1").field("tier", tier).end_object();
  auto body = std::make_shared<const std::string>(std::move(w).take());
  TRY(const auto batch, formats::parse_as(formats::Format::waybill, body));
  return apply(graph, batch, "configuration", {}, {}, 0, now);
}

}  // namespace

bool is_path(std::string_view subject) {
  if (subject == "-") return true;
  if (subject.starts_with("pkg:") || subject.starts_with("git+") || subject.starts_with("sha256:")) return false;
  if (subject.find("@sha256:") != std::string_view::npos) return false;
  if (subject.starts_with("./") || subject.starts_with("/") || subject.starts_with("../")) return true;
  return Disk::system().exists(std::string(subject));
}

Result<std::string> check_path(const Invocation& invocation, const std::string& path) {
  const Time now = Clock::system().now();
  std::vector<std::string> files{path};
  if (path != "-" && Disk::system().is_directory(path)) {
    TRY(files, Disk::system().list_files(path));
  }

  // The directory's own policies and advisories when there is one; else the shipped packs, enforced.
  const std::string dir = data_dir_of(invocation);
  std::unique_ptr<server::World> world;
  std::unique_ptr<graph::Graph> own;
  std::unique_ptr<policy::Decider> own_decider;
  graph::Graph* graph = nullptr;
  policy::Decider* decider = nullptr;
  if (invocation.has("data-dir") || Disk::system().exists(dir + "/waybill.db")) {
    server::WorldOptions options;
    options.data_dir = dir;
    options.mode = log::Mode::read_only;
    options.keep_verdicts = false;
    TRY(world, server::World::open(std::move(options)));
    graph = &world->graph();
    decider = &world->decider();
  } else {
    own = std::make_unique<graph::Graph>();
    graph = own.get();
    policy::Setup setup;
    setup.graph = graph;
    setup.enforce_shipped = true;
    setup.engine_version = kVersion;
    TRY(own_decider, policy::Decider::open(setup));
    decider = own_decider.get();
  }

  std::string subject;
  size_t read = 0;
  for (const auto& file : files) {
    TRY(auto bytes, read_path(file));
    auto document = std::make_shared<const std::string>(std::move(bytes));
    formats::ParseOptions options;
    options.subject = subject;
    auto batch = formats::parse(document, options);
    if (!batch) {
      if (files.size() == 1) return fail(Error(batch.error()).at(file));
      continue;  // a directory holds other things too
    }
    ++read;
    const Sha256 digest = sha256(*document);
    // What names no digest is known by the digest of its own bytes.
    if (subject.empty()) subject = batch->subject.starts_with("sha256:") ? batch->subject : digest.to_string();
    if (!batch->subject.starts_with("sha256:")) {
      options.subject = subject;
      TRY(batch, formats::parse(document, options));
    }
    TRY_DO(apply(*graph, *batch, "evidence", subject, digest, document->size(), now));
  }
  if (read == 0)
    return fail(Error(Code::invalid, "there is no document in it that can be judged").at(path).next("understood are " + formats::understood_formats()));

  std::string environment = invocation.value_or("env", "");
  if (environment.empty()) {
    const auto known = graph->view().environments();
    environment = known.size() == 1 ? std::string(known[0].name) : "development";
  }
  TRY_DO(set_up_environment(*graph, environment, now));

  policy::Question question;
  question.subject = subject;
  question.environment = environment;
  const std::string service = invocation.value_or("service", ""), gate = invocation.value_or("gate", "ci"), action = invocation.value_or("action", "deploy"),
                    reason = invocation.value_or("reason", ""), ticket = invocation.value_or("ticket", "");
  question.service = service;
  question.gate = gate;
  question.action = action;
  question.reason = reason;
  question.ticket = ticket;
  question.who.id = "person:local";
  question.preview = true;
  TRY(const auto answer, decider->ask(question));
  return *answer.document;
}

}  // namespace waybill::cli
