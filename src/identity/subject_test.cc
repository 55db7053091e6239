#include "waybill/identity/subject.h"

#include <gtest/gtest.h>

#include "waybill/identity/digest.h"
#include "waybill/identity/image.h"

namespace waybill::identity {
namespace {

constexpr std::string_view kHex = "9f2c7d1e0b6a4c58d3e7f1029ab4c6d8e0f12a3b4c5d6e7f8091a2b3c4d5e6f7";

TEST(Digest, AlgorithmsHaveOneSpelling) {
  EXPECT_EQ(canonical_algorithm("SHA-256"), "sha256");
  EXPECT_EQ(canonical_algorithm("SHA256"), "sha256");
  EXPECT_EQ(canonical_algorithm("SHA3-512"), "sha3-512");
  EXPECT_EQ(canonical_algorithm("SHA-512/256"), "sha512-256");
  EXPECT_EQ(canonical_algorithm("BLAKE2b-256"), "blake2b-256");
  EXPECT_EQ(canonical_algorithm("rot13"), "");
  EXPECT_TRUE(Digest::parse("SHA256:" + std::string(kHex)));
  EXPECT_FALSE(Digest::parse("sha256:abc"));
  EXPECT_FALSE(Digest::parse(std::string(kHex)));
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(63, 'a') + "g"));
}

struct ImageRow {
  std::string_view text, canonical, familiar;
};
TEST(ImageReference, DockersShortFormsMeanWhatDockerMeans) {
  constexpr ImageRow rows[] = {
      {"nginx", "docker.io/library/nginx", "nginx"},
      {"nginx:1.25", "docker.io/library/nginx:1.25", "nginx:1.25"},
      {"bitnami/redis", "docker.io/bitnami/redis", "bitnami/redis"},
      {"index.docker.io/library/nginx", "docker.io/library/nginx", "nginx"},
      {"docker://ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"},
      {"localhost:5000/x", "localhost:5000/x", "localhost:5000/x"},
      {"localhost/x:y", "localhost/x:y", "localhost/x:y"},
      {"GHCR.io/a/b", "ghcr.io/a/b", "ghcr.io/a/b"},
      {"[::1]:5000/a/b:t", "[::1]:5000/a/b:t", "[::1]:5000/a/b:t"},
  };
  for (const auto& row : rows) {
    const auto image = ImageReference::parse(row.text);
    ASSERT_TRUE(image) << row.text << ": " << image.error().to_string();
    EXPECT_EQ(image->to_string(), row.canonical);
    EXPECT_EQ(image->familiar(), row.familiar);
  }
  for (const std::string_view text : {"", "Nginx", "a//b", "a/B", "nginx:", "nginx:-x", "nginx@sha256:12", "ghcr.io/", "-a/b", "a_-b", "a..b", "http://x/y"})
    EXPECT_FALSE(ImageReference::parse(text)) << text;
}

struct RepositoryRow {
  std::string_view text, canonical;
};
TEST(Subject, EveryRemoteOfARepositoryHasOneSpelling) {
  constexpr RepositoryRow rows[] = {
      {"https://github.com/acme/shop", "git+https://github.com/acme/shop"},
      {"git+https://user:token@GitHub.com/acme/shop.git", "git+https://github.com/acme/shop"},
      {"git@github.com:acme/shop.git", "git+https://github.com/acme/shop"},
      {"ssh://git@github.com:22/acme/shop.git/", "git+https://github.com/acme/shop"},
      {"git://github.com/acme/shop", "git+https://github.com/acme/shop"},
      {"git+ssh://git@gitlab.acme.example:2222/a/b/c.git", "git+https://gitlab.acme.example:2222/a/b/c"},
      {"https://github.com/acme/shop?x=1#readme", "git+https://github.com/acme/shop"},
      {"/srv/git/shop?x", "git+file:///srv/git/shop"},
      {"github.com/acme/Shop", "git+https://github.com/acme/Shop"},
      {"scm:git:https://github.com/acme/shop.git", "git+https://github.com/acme/shop"},
      {"/srv/git/shop.git", "git+file:///srv/git/shop"},
      {"file:///srv/git/shop", "git+file:///srv/git/shop"},
  };
  for (const auto& row : rows) {
    const auto url = canonical_repository(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().to_string();
    EXPECT_EQ(*url, row.canonical);
    EXPECT_EQ(*canonical_repository(*url), *url);
  }
  for (const std::string_view text : {"", "shop", "https://github.com", "https://github.com/", "ftp://x/y", "a b/c", "https:///x"})
    EXPECT_FALSE(canonical_repository(text)) << text;
}

TEST(Subject, EachFormIsKnownByItsLook) {
  const std::string digest = "sha256:" + std::string(kHex);
  struct Row {
    std::string text;
    SubjectKind kind;
    std::string id, name;
  };
  const Row rows[] = {
      {digest, SubjectKind::artifact, digest, ""},
      {"nginx:1.25@" + digest, SubjectKind::artifact, digest, "docker.io/library/nginx:1.25"},
      {"ghcr.io/acme/shop:1", SubjectKind::image, "ghcr.io/acme/shop:1", ""},
      {"pkg:NPM/lodash@4.17.20", SubjectKind::package, "pkg:npm/lodash@4.17.20", ""},
      {"git+https://x@github.com/acme/shop.git@ABCDEF1", SubjectKind::revision, "git+https://github.com/acme/shop@abcdef1", ""},
      {"git@github.com:acme/shop.git@abcdef1", SubjectKind::revision, "git+https://github.com/acme/shop@abcdef1", ""},
      {"acme/payments/checkout@production", SubjectKind::service, "acme/payments/checkout@production", ""},
  };
  for (const auto& row : rows) {
    const auto subject = Subject::parse(row.text);
    ASSERT_TRUE(subject) << row.text << ": " << subject.error().to_string();
    EXPECT_EQ(subject->kind, row.kind) << row.text;
    EXPECT_EQ(subject->id, row.id);
    EXPECT_EQ(subject->name, row.name);
  }
  EXPECT_FALSE(Subject::parse(""));
  EXPECT_FALSE(Subject::parse("sha256:12"));
  const auto moving = Subject::parse("git+https://github.com/acme/shop@main");
  ASSERT_FALSE(moving);
  EXPECT_NE(moving.error().to_string().find("moves"), std::string::npos);
}

}  // namespace
}  // namespace waybill::identity
