// What a question or a piece of evidence is about, in one type.
//
//   sha256:<64 hex>                       artifact
//   registry/repository:tag@sha256:…      artifact (its digest), or image when only a tag is known
//   pkg:…                                 package
//   git+https://host/repo@<commit>        revision
//   service@environment                   service
//
// Called by the command line, the routes and formats/. Paths are the command line's business: it asks the disk first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill::identity {

enum class SubjectKind : uint8_t { artifact, image, package, revision, service };
std::string_view to_string(SubjectKind kind);  // "artifact", …

struct Subject {
  SubjectKind kind = SubjectKind::artifact;
  // The canonical name: what facts, entries and the graph call it. An artifact's digest, an image's full reference, a
  // canonical purl, git+https://host/repo@commit, service@environment.
  std::string id;
  std::string name;         // an image reference (canonical, without digest) that was written beside a digest, else ""
  std::string service;      // of a service
  std::string environment;  // of a service
  std::string repository;   // of a revision: git+https://host/repo
  std::string commit;       // of a revision, lower case

  // Errors: invalid, with the forms above as what was expected.
  static Result<Subject> parse(std::string_view text);
  friend bool operator==(const Subject&, const Subject&) = default;
};

// One spelling for all remotes of a repository: "git@github.com:o/r.git", "ssh://git@GitHub.com/o/r",
// "https://user:token@github.com/o/r/" → "git+https://github.com/o/r". Credentials, query, default ports and ".git" go;
// the path keeps its case. A local path or file: URL stays "git+file:///…". Errors: invalid.
Result<std::string> canonical_repository(std::string_view url);
// The same with a commit: "git+URL@commit", "URL@commit", SPDX download locations. 7 to 64 hexadecimal digits are a commit;
// another ref after the '@' is refused (it moves).
Result<std::string> canonical_revision(std::string_view text);

// "service@environment" of valid names: letters, digits and ._-/ with no leading or trailing punctuation.
bool is_service_name(std::string_view name);

}  // namespace waybill::identity
