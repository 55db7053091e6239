#include "apps/waybill/own_build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <span>

#include "apps/waybill/version.h"
#include "linked_archives.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/http.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/identity/subject.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/testing.h"

namespace waybill::cli {

std::span<const std::pair<std::string_view, std::string_view>> demo_files();

namespace {

// What a command prints; "" when it fails. Arguments are ours: nothing from outside is in them but the source directory,
// which is quoted.
std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, got);
  if (::pclose(pipe) != 0) out.clear();
  return out;
}
std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out.push_back(c);
  }
  return out + "'";
}
std::string line_of(const std::string& command) { return std::string(trim(output_of(command))); }

// "debian-12" from /etc/os-release; "" elsewhere.
std::string distribution() {
  const auto text = Disk::system().read_file("/etc/os-release", 65536);
  if (!text) return {};
  std::string id, version;
  for (const auto line : split(*text, '\n')) {
    auto value = [&](std::string_view key) -> std::string {
      if (!line.starts_with(key)) return {};
      auto rest = line.substr(key.size());
      if (rest.size() >= 2 && rest.front() == '"') rest = rest.substr(1, rest.size() - 2);
      return std::string(rest);
    };
    if (auto v = value("ID="); !v.empty()) id = v;
    if (auto v = value("VERSION_ID="); !v.empty()) version = v;
  }
  return id.empty() || version.empty() ? std::string() : id + "-" + version;
}

struct DebianPackage {
  std::string name, version, architecture, source, source_version;
  bool archive = false;
  std::string purl(const std::string& distro) const {
    std::string text = "pkg:deb/debian/" + http::percent_encode(name) + "@" + http::percent_encode(version) + "?arch=" + architecture;
    if (!distro.empty()) text += "&distro=" + distro;
    if (source != name || source_version != version)
      text += "&upstream=" + http::percent_encode(source + (source_version == version ? "" : "@" + source_version));
    return text;
  }
};
std::optional<DebianPackage> parse_package(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 5) return std::nullopt;
  return DebianPackage{std::string(words[0]), std::string(words[1]), std::string(words[2]), std::string(words[3]), std::string(words[4])};
}

// Shared libraries that this process has mapped.
std::set<std::string> mapped_libraries() {
  std::set<std::string> files;
  const auto maps = output_of("cat /proc/" + std::to_string(::getpid()) + "/maps");
  for (const auto line : split(maps, '\n')) {
    const auto slash = line.find('/');
    if (slash == std::string_view::npos || line.find(".so") == std::string_view::npos) continue;
    std::error_code error;
    const auto real = std::filesystem::canonical(std::string(line.substr(slash)), error);
    if (!error) files.insert(real.string());
  }
  return files;
}

struct Inventory {
  std::vector<DebianPackage> packages;
  std::vector<std::string> files;  // that no package owns
};
Inventory linked_packages() {
  Inventory inventory;
  const auto files = mapped_libraries();
  // Two questions to dpkg for all files: who owns them, and which versions. It knows merged-usr files under either path.
  std::string paths;
  for (const auto& file : files) paths += " " + shell_quoted(file) + (file.starts_with("/usr/") ? " " + shell_quoted(file.substr(4)) : "");
  std::map<std::string, std::string, std::less<>> owners;  // file → package
  // dpkg-query fails when it does not know one of them, and answers for the others all the same.
  const auto owned = paths.empty() ? std::string() : output_of("{ dpkg-query -S" + paths + "; true; }");
  std::set<std::string> names;
  for (const auto line : split(owned, '\n')) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::string file(line.substr(colon + 2)), owner(line.substr(0, colon));
    owner = owner.substr(0, owner.find(','));
    names.insert(owner);
    if (!file.starts_with("/usr/") && files.count(file) == 0) file = "/usr" + file;
    owners.emplace(std::move(file), std::move(owner));
  }
  std::map<std::string, DebianPackage, std::less<>> packages;
  if (!names.empty()) {
    std::string list;
    for (const auto& name : names) list += " " + shell_quoted(name);
    const auto described = output_of("dpkg-query -W -f '${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\\n'" + list);
    for (const auto line : split(described, '\n'))
      if (auto package = parse_package(line)) packages.emplace(package->name, *package);
  }
  std::set<std::string> seen;
  for (const auto& file : files) {
    const auto owner = owners.find(file);
    const auto package = owner == owners.end() ? packages.end() : packages.find(owner->second.substr(0, owner->second.find(':')));
    if (package == packages.end())
      inventory.files.push_back(file);
    else if (seen.insert(package->first).second)
      inventory.packages.push_back(package->second);
  }
  for (const auto line : split(kLinkedArchives, '\n')) {
    auto package = parse_package(line);
    if (!package || !seen.insert(package->name).second) continue;
    package->archive = true;
    inventory.packages.push_back(std::move(*package));
  }
  return inventory;
}

std::string npm_purl(std::string_view name, std::string_view version) {
  std::string path;
  for (const auto part : split(name, '/')) path += "/" + http::percent_encode(part);
  return "pkg:npm" + path + "@" + http::percent_encode(version);
}

}  // namespace

Result<OwnBuild> find_own_build(const std::string& source_dir) {
  OwnBuild build;
  std::error_code error;
  build.path = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) return fail(Code::internal, "cannot find this program's own file: " + error.message());
  TRY(const auto bytes, Disk::system().read_file("/proc/self/exe", size_t{1} << 31));
  build.digest = sha256(bytes);
  struct stat info{};
  if (::stat("/proc/self/exe", &info) == 0) build.built_at = Time::of_seconds(info.st_mtime);
  if (source_dir.empty()) return build;
  const std::string git = "git -C " + shell_quoted(source_dir) + " ";
  build.commit = line_of(git + "rev-parse HEAD");
  if (build.commit.empty()) return build;
  build.source_dir = source_dir;
  build.branch = line_of(git + "rev-parse --abbrev-ref HEAD");
  build.subject = line_of(git + "log -1 --format=%s");
  build.dirty = !line_of(git + "status --porcelain --untracked-files=no").empty();
  const std::string remote = line_of(git + "remote get-url origin");
  std::string where = remote;
  if (where.empty()) {
    const auto absolute = std::filesystem::canonical(source_dir, error);
    where = "file://" + absolute.string();
  }
  if (const auto canonical = identity::canonical_repository(where)) build.repository = *canonical;
  return build;
}

Counted own_sbom(const OwnBuild& build, Time now) {
  Counted counted;
  const std::string distro = distribution();
  const auto inventory = linked_packages();
  const std::string root = "pkg:generic/waybill@" + std::string(kVersion) + "?checksum=sha256:" + build.digest.hex();

  JsonWriter components, edges;
  components.begin_array();
  edges.begin_array();
  std::vector<std::string> direct;
  for (const auto& package : inventory.packages) {
    const std::string purl = package.purl(distro);
    direct.push_back(purl);
    ++(package.archive ? counted.debian_archives : counted.debian_shared);
    components.begin_object().field("type", "library").field("bom-ref", purl).key("supplier").begin_object().field("name", "Debian").end_object();
    components.field("name", package.name).field("version", package.version).field("scope", "required").field("purl", purl).key("properties").begin_array();
    components.begin_object().field("name", "waybill:linkage").field("value", package.archive ? "static" : "shared").end_object().end_array().end_object();
  }
  for (const auto& file : inventory.files) {
    const auto bytes = Disk::system().read_file(file, size_t{1} << 30);
    if (!bytes) continue;
    ++counted.files;
    const std::string name = file.substr(file.rfind('/') + 1), hex = sha256(*bytes).hex(), ref = "file:" + hex;
    direct.push_back(ref);
    components.begin_object()
        .field("type", "file")
        .field("bom-ref", ref)
        .field("name", name)
        .key("hashes")
        .begin_array()
        .begin_object()
        .field("alg", "SHA-256")
        .field("content", hex)
        .end_object()
        .end_array()
        .end_object();
  }
  // The console's npm packages, from the lock file that it was built with.
  for (const auto& [name, text] : demo_files()) {
    if (name != "ui/package-lock.json") continue;
    const auto lock = JsonDocument::parse(text);
    if (!lock) break;
    const auto packages = lock->root()["packages"];
    for (const auto& [path, package] : packages.members()) {
      if (path.empty() || package["link"].bool_or(false)) continue;
      const auto at = path.rfind("node_modules/");
      const std::string_view npm = at == std::string_view::npos ? path : path.substr(at + 13);
      const auto version = package["version"].string_or("");
      if (version.empty()) continue;
      ++counted.npm;
      const std::string purl = npm_purl(npm, version);
      const bool dev = package["dev"].bool_or(false), optional = package["optional"].bool_or(false);
      components.begin_object().field("type", "library").field("bom-ref", std::string(path)).field("name", npm).field("version", version);
      components.field("scope", dev ? "excluded" : optional ? "optional" : "required");
      if (const auto integrity = package["integrity"].string_or(""); integrity.starts_with("sha512-")) {
        if (const auto hash = parse_base64(integrity.substr(7)))
          components.key("hashes").begin_array().begin_object().field("alg", "SHA-512").field("content", to_hex(as_bytes(*hash))).end_object().end_array();
      }
      if (const auto licence = package["license"].string_or(""); !licence.empty())
        components.key("licenses").begin_array().begin_object().field("expression", licence).end_object().end_array();
      components.field("purl", purl).end_object();

      // A dependency is found as Node finds it: nearest node_modules first.
      edges.begin_object().field("ref", std::string(path)).key("dependsOn").begin_array();
      for (const char* kind : {"dependencies", "optionalDependencies"})
        for (const auto& [dependency, range] : package[kind].members()) {
          std::string from(path);
          while (true) {
            const std::string candidate = (from.empty() ? "" : from + "/") + "node_modules/" + std::string(dependency);
            if (packages[candidate].exists()) {
              edges.value(candidate);
              break;
            }
            if (from.empty()) break;
            const auto up = from.rfind("/node_modules/");
            from = up == std::string::npos ? "" : from.substr(0, up);
          }
        }
      edges.end_array().end_object();
    }
    for (const char* kind : {"dependencies", "devDependencies"})
      for (const auto& [dependency, range] : packages[""][kind].members()) direct.push_back("node_modules/" + std::string(dependency));
  }
  components.end_array();
  edges.begin_object().field("ref", root).key("dependsOn").begin_array();
  for (const auto& ref : direct) edges.value(ref);
  edges.end_array().end_object().end_array();

  JsonWriter w;
  w.begin_object().field("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json").field("bomFormat", "CycloneDX").field("specVersion", "1.6");
  const std::string hex = build.digest.hex();
  w.field("serialNumber",
          "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-8" + hex.substr(17, 3) + "-" + hex.substr(20, 12))
      .field("version", 1);
  w.key("metadata")
      .begin_object()
      .field("timestamp", to_rfc3339(now))
      .key("lifecycles")
      .begin_array()
      .begin_object()
      .field("phase", "build")
      .end_object()
      .end_array();
  w.key("tools")
      .begin_object()
      .key("components")
      .begin_array()
      .begin_object()
      .field("type", "application")
      .field("name", "waybill")
      .field("version", kVersion)
      .end_object()
      .end_array()
      .end_object();
  w.key("authors").begin_array().begin_object().field("name", "waybill demo").end_object().end_array();
  w.key("component").begin_object().field("type", "application").field("bom-ref", root).field("name", "waybill").field("version", kVersion).field("purl", root);
  w.key("hashes").begin_array().begin_object().field("alg", "SHA-256").field("content", hex).end_object().end_array();
  w.key("licenses")
      .begin_array()
      .begin_object()
      .key("license")
      .begin_object()
      .field("id", "Apache-2.0")
      .end_object()
      .end_object()
      .end_array()
      .end_object()
      .end_object();
  w.field_raw("components", components.text()).field_raw("dependencies", edges.text()).end_object();
  counted.document = std::move(w).take();
  return counted;
}

std::string own_provenance(const OwnBuild& build, std::string_view builder, const std::vector<std::pair<std::string, Sha256>>& more_subjects) {
  JsonWriter w;
  w.begin_object().field("_type", "https://in-toto.io/Statement/v1").key("subject").begin_array();
  w.begin_object().field("name", "waybill").key("digest").begin_object().field("sha256", build.digest.hex()).end_object().end_object();
  for (const auto& [name, digest] : more_subjects)
    w.begin_object().field("name", name).key("digest").begin_object().field("sha256", digest.hex()).end_object().end_object();
  w.end_array().field("predicateType", "https://slsa.dev/provenance/v1").key("predicate").begin_object();
  w.key("buildDefinition").begin_object().field("buildType", "https://waybill.example/buildtypes/make/v1").key("externalParameters").begin_object();
  w.field("target", "build");
  if (!build.repository.empty())
    w.key("source").begin_object().field("uri", build.repository).key("digest").begin_object().field("gitCommit", build.commit).end_object().end_object();
  w.end_object()
      .key("internalParameters")
      .begin_object()
      .field("command", "make build")
      .field("compiler", WAYBILL_COMPILER)
      .field("buildType", WAYBILL_BUILD_TYPE);
  if (build.dirty) w.field("uncommittedChanges", true);
  w.end_object().key("resolvedDependencies").begin_array();
  if (!build.repository.empty()) {
    w.begin_object().field("uri", build.repository + (build.branch.empty() || build.branch == "HEAD" ? "" : "@refs/heads/" + build.branch));
    w.key("digest").begin_object().field("gitCommit", build.commit).end_object().end_object();
  }
  w.end_array().end_object();
  w.key("runDetails").begin_object().key("builder").begin_object().field("id", builder).end_object();
  w.key("metadata").begin_object().field("invocationId", "make-" + build.digest.hex().substr(0, 12));
  if (build.built_at.is_set()) w.field("finishedOn", to_rfc3339(build.built_at));
  w.end_object().end_object().end_object().end_object();
  return std::move(w).take();
}

std::optional<std::string> own_unit_tests(const OwnBuild& build, size_t& passed, size_t& failed) {
  if (build.source_dir.empty()) return std::nullopt;
  const auto files = Disk::system().list_files(build.source_dir + "/policies");
  if (!files) return std::nullopt;
  std::vector<rego::Module> modules;
  for (const auto& file : *files) {
    if (!file.ends_with(".rego")) continue;
    auto text = Disk::system().read_file(file, size_t{16} << 20);
    if (text) modules.push_back({file.substr(build.source_dir.size() + 1), std::move(*text)});
  }
  const auto policy = rego::Policy::compile(modules);
  if (!policy) return std::nullopt;
  rego::TestOptions options;
  options.eval.now_ns = Clock::system().now().ms * 1'000'000;
  const auto results = rego::run_tests(*policy, options);
  if (!results || results->empty()) return std::nullopt;
  auto escaped = [](std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    return out;
  };
  std::string cases;
  for (const auto& result : *results) {
    if (result.outcome == rego::TestOutcome::skip) continue;
    const bool ok = result.outcome == rego::TestOutcome::pass;
    ++(ok ? passed : failed);
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.6f", static_cast<double>(result.duration_ns) / 1e9);
    cases += "    <testcase classname=\"" + escaped(result.package) + "\" name=\"" + escaped(result.name) + "\" time=\"" + seconds + "\"" +
             (ok ? "/>\n" : "><failure message=\"" + escaped(result.error.empty() ? "not true" : result.error) + "\"/></testcase>\n");
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"waybill policy packs (unit)\" tests=\"" +
         std::to_string(passed + failed) + "\" failures=\"" + std::to_string(failed) + "\" timestamp=\"" + to_rfc3339(Clock::system().now()) + "\">\n" + cases +
         "  </testsuite>\n</testsuites>\n";
}

}  // namespace waybill::cli
