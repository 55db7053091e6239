// An archive (fact_fields.h) that packs a fact into bytes and collects the nodes that it names. The fold's own.
#pragma once

#include <string>
#include <vector>

#include "waybill/graph/fold.h"

namespace waybill::graph {

class Packer {
 public:
  Packer(Fold& fold, std::string& out, std::vector<Id>& named) : fold_(fold), out_(out), named_(named) {}

  // Short texts repeat and are numbered; long ones stand where they are.
  void text(facts::Text& text) {
    if (text.size() <= kMaxNumbered)
      write_varint(out_, uint64_t{fold_.text(text)} << 1);
    else {
      write_varint(out_, text.size() << 1 | 1);
      out_ += text;
    }
  }
  void texts(facts::Texts& texts) {
    write_varint(out_, texts.size());
    for (facts::Text item : texts) text(item);
  }
  void time(Time& time) { write_varint(out_, zigzag(time.ms)); }
  void number(double& number) {
    if (number == -1) return out_.push_back(0);
    out_.push_back(1);
    out_.append(reinterpret_cast<const char*>(&number), 8);
  }
  template <class N>
    requires std::is_integral_v<N> || std::is_enum_v<N>
  void number(N& number) {
    if constexpr (std::is_signed_v<N> && !std::is_enum_v<N>)
      write_varint(out_, zigzag(number));
    else
      write_varint(out_, static_cast<uint64_t>(number));
  }
  void hashes(std::span<const facts::Hash>& hashes) {
    write_varint(out_, hashes.size());
    for (facts::Hash item : hashes) {
      text(item.algorithm);
      text(item.hex);
    }
  }
  void packages(std::span<const facts::Affects::Package>& packages) {
    write_varint(out_, packages.size());
    for (facts::Affects::Package package : packages) {
      text(package.ecosystem);
      text(package.name);
      text(package.purl);
      write_varint(out_, package.ranges.size());
      for (facts::Affects::Range range : package.ranges) {
        number(range.type);
        write_varint(out_, range.events.size());
        for (facts::Affects::Event event : range.events) {
          number(event.what);
          text(event.version);
        }
      }
      texts(package.versions);
      text(package.severity);
    }
  }
  void node(facts::Text& text, Kind kind) {
    const Id id = kind == Kind::none ? fold_.named_node(text) : fold_.node(kind, text);
    write_varint(out_, id.value());
    if (id) named_.push_back(id);
  }
  // Named beside: spoken of only when it is a thing that we know.
  void secondary(facts::Text& text, Kind) {
    const Id known = fold_.store().find_node(Kind::artifact, text);
    write_varint(out_, (known ? known : fold_.node(Kind::other, text)).value());
    if (known) named_.push_back(known);
  }

 private:
  static constexpr size_t kMaxNumbered = 64;
  Fold& fold_;
  std::string& out_;
  std::vector<Id>& named_;
};

}  // namespace waybill::graph
