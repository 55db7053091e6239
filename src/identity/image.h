// Image references: registry/repository:tag@digest (the grammar of distribution/reference and the OCI distribution
// specification).
//
// Called by formats/, subject.h, gates and the command line. It never asks a registry, and never makes up a tag or digest.
#pragma once

#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill::identity {

struct ImageReference {
  std::string registry;    // "docker.io", "ghcr.io", "localhost:5000"; lower case
  std::string repository;  // "library/nginx"
  std::string tag;         // "" when none is written
  std::string digest;      // "sha256:…" or ""

  // "nginx" means docker.io/library/nginx, as for docker; index.docker.io and registry-1.docker.io are docker.io.
  // "docker://", "oci://", "docker-pullable://" and "docker-image://" in front are dropped.
  static Result<ImageReference> parse(std::string_view text);

  std::string to_string() const;  // everything that is there: "docker.io/library/nginx:1.25@sha256:…"
  std::string name() const;       // "docker.io/library/nginx"
  std::string familiar() const;   // as people write it: "nginx:1.25"

  friend bool operator==(const ImageReference&, const ImageReference&) = default;
};

}  // namespace waybill::identity
