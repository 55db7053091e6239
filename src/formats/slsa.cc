// SLSA provenance v0.2 and v1 (slsa.dev/provenance): who built a subject, from what, when, with which parameters.
//
// The predicate leaves much to the builder: what GitHub's generators, BuildKit and Cloud Build write in free places is
// read where its meaning is documented, and nothing is guessed from elsewhere.
#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"
#include "waybill/identity/image.h"
#include "waybill/identity/purl.h"

namespace waybill::formats {
namespace {

using facts::Batch;
using facts::BuiltBy;
using facts::BuiltFrom;
using facts::Text;

Text trigger_of(Text event, Text ref) {
  if (event == "push") return ref.starts_with("refs/tags/") ? "tag" : "push";
  if (event == "release" || event == "create") return ref.starts_with("refs/tags/") ? "tag" : "other";
  if (event == "schedule") return "schedule";
  if (event == "workflow_dispatch" || event == "repository_dispatch") return "manual";
  if (event == "pull_request" || event == "pull_request_target" || event == "merge_group") return "pull_request";
  return event.empty() ? "" : "other";
}

facts::Yes yes_of(JsonValue value) {
  if (!value.exists() || value.kind() != JsonKind::boolean) return facts::Yes::unknown;
  return value.bool_or(false) ? facts::Yes::yes : facts::Yes::no;
}

// "git+https://github.com/o/r@refs/tags/v1" → "refs/tags/v1".
Text ref_in(Text uri) {
  const size_t at = uri.find("@refs/");
  return at == Text::npos ? Text() : uri.substr(at + 1);
}

class SlsaReader {
 public:
  SlsaReader(Batch& batch, Text predicate_type) : batch_(batch) { by_.predicate = batch_.keep(predicate_type); }

  Result<void> read_v1(const Field& predicate) {
    const Field definition = predicate["buildDefinition"], run = predicate["runDetails"];
    TRY_DO(definition.expect_object());
    TRY_DO(run.expect_object());
    TRY(by_.type, kept_required(definition["buildType"]));
    TRY(by_.builder, kept_required(run["builder"]["id"]));
    const Field version = run["builder"]["version"];
    for (const auto& [name, value] : version.value().members())
      if (by_.builder_version.empty()) by_.builder_version = batch_.keep(value.string_or(""));
    const Field metadata = run["metadata"];
    TRY(by_.invocation, kept(metadata["invocationId"]));
    TRY(by_.started_at, time(metadata["startedOn"]));
    TRY(by_.finished_at, time(metadata["finishedOn"]));

    const Field external = definition["externalParameters"];
    TRY_DO(external.expect_object());
    const Field workflow = external["workflow"];
    Text repository, ref;
    if (workflow.value().is_object()) {  // slsa-framework.github.io/github-actions-buildtypes
      TRY(repository, workflow["repository"].text());
      TRY(ref, workflow["ref"].text());
      TRY(by_.workflow_path, kept(workflow["path"]));
    }
    const Field source = external["source"];
    if (repository.empty() && source.value().is_object()) {
      TRY(repository, source["uri"].text());
      ref = ref_in(repository);
    } else if (repository.empty() && source.value().is_string()) {
      repository = source.value().string_or("");
      ref = ref_in(repository);
    }
    by_.workflow_ref = batch_.keep(ref);
    const Field github = definition["internalParameters"]["github"];
    by_.trigger = trigger_of(github["event_name"].value().string_or(github["eventName"].value().string_or("")), ref);
    if (const Text actor = github["actor"].value().string_or(""); !actor.empty()) by_.started_by = batch_.keep(actor);
    const Text runner = github["runner_environment"].value().string_or("");
    if (runner == "github-hosted")
      by_.runner = "hosted";
    else if (runner == "self-hosted")
      by_.runner = "self_hosted";
    collect_parameters(external.value(), {"workflow", "source", "repository", "ref", "revision", "configSource", "buildConfigSource"});
    if (workflow.value().is_object())
      for (const auto& [name, value] : workflow["inputs"].value().members())
        if (!value.is_null()) parameters_.push_back(keep_joined(batch_, "inputs.", "", name));

    TRY_DO(each_item(definition["resolvedDependencies"], [&](const Field& item) { return material(item, repository, ref); }));
    by_.hermetic = yes_of(definition["internalParameters"]["hermetic"].value());
    finish(repository, ref);
    return {};
  }

  Result<void> read_v02(const Field& predicate) {
    TRY(by_.builder, kept_required(predicate["builder"]["id"]));
    TRY(by_.type, kept_required(predicate["buildType"]));
    const Field invocation = predicate["invocation"], config = invocation["configSource"], metadata = predicate["metadata"];
    TRY(by_.invocation, kept(metadata["buildInvocationId"]));
    if (by_.invocation.empty()) {
      TRY(by_.invocation, kept(metadata["buildInvocationID"]));
    }
    TRY(by_.started_at, time(metadata["buildStartedOn"]));
    TRY(by_.finished_at, time(metadata["buildFinishedOn"]));
    TRY(const Text uri, config["uri"].text());
    TRY(by_.workflow_path, kept(config["entryPoint"]));
    const Text ref = ref_in(uri);
    by_.workflow_ref = batch_.keep(ref);
    const Field environment = invocation["environment"];
    const Text event_ref = environment["github_ref"].value().string_or(ref);
    by_.trigger = trigger_of(environment["github_event_name"].value().string_or(""), event_ref);
    if (const Text actor = environment["github_actor"].value().string_or(""); !actor.empty()) by_.started_by = batch_.keep(actor);
    by_.from_fork = yes_of(environment["github_event_payload"]["pull_request"]["head"]["repo"]["fork"].value());
    by_.dependencies_complete = yes_of(metadata["completeness"]["materials"].value());
    by_.hermetic = yes_of(metadata["https://mobyproject.org/buildkit@v1#hermetic"].value());
    collect_parameters(invocation["parameters"].value(), {});
    if (config.value().is_object()) TRY_DO(material(config, uri, ref));
    TRY_DO(each_item(predicate["materials"], [&](const Field& item) { return material(item, uri, ref); }));
    finish(uri, event_ref);
    return {};
  }

 private:
  Result<Text> kept(const Field& field) {
    TRY(const Text text, field.text());
    return batch_.keep(text);
  }
  Result<Text> kept_required(const Field& field) {
    TRY(const Text text, field.required_text());
    return batch_.keep(text);
  }
  Result<Time> time(const Field& field) {
    TRY_DO(field.text());
    return time_or_warn(batch_, field);
  }
  void collect_parameters(JsonValue object, std::initializer_list<Text> without) {
    for (const auto& [name, value] : object.members()) {
      if (std::find(without.begin(), without.end(), name) != without.end()) continue;
      const bool group = (name == "inputs" || name == "vars") && value.is_object();
      if (!group && (value.is_null() || ((value.is_object() || value.is_array()) && value.size() == 0))) continue;
      if (!group)
        parameters_.push_back(batch_.keep(name));
      else
        for (const auto& [inner, given] : value.members())
          if (!given.is_null()) parameters_.push_back(keep_joined(batch_, name, ".", inner));
    }
  }

  // One material or resolved dependency: a source revision, a base image, or neither.
  Result<void> material(const Field& item, Text repository, Text ref) {
    TRY_DO(item.expect_object());
    TRY(const Text uri, item["uri"].text());
    const JsonValue digest = item["digest"].value();
    Text commit = digest["gitCommit"].string_or("");
    const bool is_git = uri.starts_with("git+") || uri.starts_with("git:") || uri.starts_with("git@") || uri.ends_with(".git") ||
                        uri.find(".git@") != Text::npos || uri.starts_with("https://github.com/") || uri.starts_with("https://gitlab.com/") || !commit.empty();
    if (commit.empty() && is_git) commit = digest["sha1"].string_or("");
    if (!commit.empty()) {
      const Text revision = keep_revision(batch_, uri, commit);
      if (revision.empty()) {
        warn(batch_, item.pointer() + ": no source revision: " + std::string(uri.substr(0, 200)));
        return {};
      }
      for (const Source& other : sources_)
        if (other.revision == revision) return {};
      const Text repository_of = revision.substr(0, revision.rfind('@'));
      const Text wanted = repository.empty() ? Text() : keep_revision(batch_, repository, commit);
      sources_.push_back({revision, !wanted.empty() && wanted.substr(0, wanted.rfind('@')) == repository_of, !ref.empty() ? ref : ref_in(uri)});
      return {};
    }
    const Text sha256 = digest["sha256"].string_or("");
    if (sha256.empty() || (!uri.starts_with("pkg:docker/") && !uri.starts_with("pkg:oci/") && !uri.starts_with("docker-image://"))) return {};
    ++images_;
    base_digest_ = keep_sha256(batch_, sha256);
    base_name_ = image_name(uri);
    return {};
  }
  Text image_name(Text uri) {
    if (uri.starts_with("pkg:")) {
      const auto purl = identity::Purl::parse(uri);
      if (!purl) return {};
      std::string name(purl->qualifier("repository_url"));
      if (name.empty())
        name = purl->namespace_.empty() ? purl->name : purl->namespace_ + "/" + purl->name;
      else if (!name.ends_with("/" + purl->name))
        name += "/" + purl->name;
      const std::string_view tag = !purl->qualifier("tag").empty()        ? purl->qualifier("tag")
                                   : purl->version.starts_with("sha256:") ? std::string_view()
                                                                          : std::string_view(purl->version);
      if (!tag.empty()) (name += ":") += tag;
      return batch_.keep(name);
    }
    const auto image = identity::ImageReference::parse(uri);
    return image ? batch_.keep(image->to_string()) : Text();
  }

  void finish(Text repository, Text ref) {
    by_.parameters = batch_.keep(parameters_);
    const Source* main = nullptr;
    for (const Source& source : sources_)
      if (main == nullptr || (source.is_main && !main->is_main)) main = &source;
    if (main != nullptr)
      by_.source = main->revision;
    else if (!repository.empty())
      warn(batch_, "no commit is stated for the source " + std::string(repository.substr(0, 200)));

    const auto emit = [&](Text subject) {
      BuiltBy by = by_;
      by.subject = subject;
      batch_.built_by.push_back(by);
      for (const Source& source : sources_) {
        const bool is_main = &source == main;
        BuiltFrom from;
        from.subject = subject;
        from.source = source.revision;
        from.role = is_main ? "main" : "other";
        from.linked_by = "provenance";
        if (is_main && ref.starts_with("refs/heads/")) from.branch = batch_.keep(ref.substr(11));
        if (is_main && ref.starts_with("refs/tags/")) from.tag = batch_.keep(ref.substr(10));
        batch_.built_from.push_back(from);
      }
      // With several images nobody says which one it stands on.
      if (images_ == 1)
        batch_.built_from.push_back({.subject = subject, .role = "other", .linked_by = "provenance", .base_name = base_name_, .base_digest = base_digest_});
    };
    emit(batch_.keep(batch_.subject));
    for (const auto& subject : batch_.more_subjects) emit(batch_.keep(subject));
  }

  struct Source {
    Text revision;
    bool is_main;
    Text ref;
  };
  Batch& batch_;
  BuiltBy by_;
  std::vector<Text> parameters_;
  std::vector<Source> sources_;
  size_t images_ = 0;
  Text base_name_, base_digest_;
};

}  // namespace

Result<void> read_slsa(JsonValue predicate, std::string_view predicate_type, facts::Batch& batch) {
  const Field field(predicate, "/predicate");
  TRY_DO(field.expect_object());
  SlsaReader reader(batch, predicate_type);
  return predicate_type.ends_with("/v0.2") ? reader.read_v02(field) : reader.read_v1(field);
}

}  // namespace waybill::formats
