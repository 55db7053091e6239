// Packages meet advisories: each new package all advisories of its name, each new advisory all known packages, each pair
// once. What the advisory index answers becomes rows with a beginning and an end. The writer's own.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "waybill/advisory/advisory.h"
#include "waybill/facts/facts.h"

namespace waybill::graph {

class Fold;
struct Store;

class Matcher {
 public:
  Matcher();
  ~Matcher();

  // A record each: new, changed or withdrawn.
  void add_advisories(Fold& fold, std::span<const facts::Affects> records);
  // Packages that a bill of materials named for the first time, ascending.
  void add_packages(Fold& fold, std::span<const uint32_t> packages);

  // The index; over the image of a snapshot it is opened at first use. The writer's thread.
  advisory::Index& index();
  void open_later(std::span<const uint8_t> image) { image_ = image; }

 private:
  std::unique_ptr<advisory::Index> index_;
  std::span<const uint8_t> image_;
};

}  // namespace waybill::graph
