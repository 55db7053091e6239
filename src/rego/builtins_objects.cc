// object.*, json.filter, json.remove, json.patch.
#include <algorithm>

#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value get_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0)) return {};
  if (o[1].is_array()) {
    Value at = o[0];
    for (const Value& key : o[1].items()) {
      at = at.find(key);
      if (!at) return o[2];
    }
    return at;
  }
  const Value found = o[0].find(o[1]);
  return found ? found : o[2];
}

Value keys_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0)) return {};
  std::vector<Value> keys;
  for (const Entry& e : o[0].entries()) keys.push_back(e.key);
  return c.heap.sorted_set(keys);
}

bool key_set(BuiltinCall& c, std::span<const Value> o, size_t at, std::vector<Value>& keys) {
  if (o[at].is_object()) {
    for (const Entry& e : o[at].entries()) keys.push_back(e.key);
  } else if (o[at].is_array()) {
    keys.assign(o[at].items().begin(), o[at].items().end());
  } else if (o[at].is_set()) {
    keys.assign(o[at].elements().begin(), o[at].elements().end());
  } else {
    c.wrong_type(at, "one of {object, set, array}", o[at]);
    return false;
  }
  return true;
}

Value select(BuiltinCall& c, std::span<const Value> o, bool keep) {
  if (!want_object(c, o, 0)) return {};
  std::vector<Value> keys;
  if (!key_set(c, o, 1, keys)) return {};
  const Value wanted = c.heap.set(keys);
  std::vector<Entry> out;
  for (const Entry& e : o[0].entries()) {
    if (wanted.find(e.key).defined() == keep) out.push_back(e);
  }
  return c.heap.sorted_object(out);
}
Value filter_(BuiltinCall& c, std::span<const Value> o) { return select(c, o, true); }
Value remove_(BuiltinCall& c, std::span<const Value> o) { return select(c, o, false); }

Value unite(Heap& heap, const Value& a, const Value& b) {
  if (!a.is_object() || !b.is_object()) return b;
  std::vector<Entry> out;
  const auto x = a.entries(), y = b.entries();
  size_t i = 0, j = 0;
  while (i < x.size() && j < y.size()) {
    const auto order = Value::compare(x[i].key, y[j].key);
    if (order < 0)
      out.push_back(x[i++]);
    else if (order > 0)
      out.push_back(y[j++]);
    else
      out.push_back({x[i].key, unite(heap, x[i].value, y[j].value)}), ++i, ++j;
  }
  out.insert(out.end(), x.begin() + static_cast<std::ptrdiff_t>(i), x.end());
  out.insert(out.end(), y.begin() + static_cast<std::ptrdiff_t>(j), y.end());
  return heap.sorted_object(out);
}

Value union_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0) || !want_object(c, o, 1)) return {};
  return unite(c.heap, o[0], o[1]);
}
Value union_n_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_array(c, o, 0)) return {};
  Value out = c.heap.sorted_object({});
  for (const Value& v : o[0].items()) {
    if (!v.is_object()) return c.fail_type("operand 1 must be array of objects but got array containing " + std::string(to_string(v.kind())));
    out = unite(c.heap, out, v);
  }
  return out;
}

bool is_subset(const Value& super, const Value& sub) {
  if (super.is_object() && sub.is_object()) {
    for (const Entry& e : sub.entries()) {
      const Value v = super.find(e.key);
      if (!v) return false;
      const bool nested = (e.value.is_object() && v.is_object()) || (e.value.is_set() && v.is_set()) || (e.value.is_array() && v.is_array());
      if (nested ? !is_subset(v, e.value) : !Value::equal(v, e.value)) return false;
    }
    return true;
  }
  if (super.is_set() && sub.is_set()) {
    for (const Value& v : sub.elements()) {
      if (!super.find(v)) return false;
    }
    return true;
  }
  if (super.is_array() && sub.is_array()) {
    // A contiguous part.
    const auto x = super.items(), y = sub.items();
    if (y.empty()) return true;
    for (size_t i = 0; i + y.size() <= x.size(); ++i) {
      bool all = true;
      for (size_t j = 0; j < y.size() && all; ++j) all = Value::equal(x[i + j], y[j]);
      if (all) return true;
    }
    return false;
  }
  if (super.is_array() && sub.is_set()) {
    for (const Value& v : sub.elements()) {
      bool found = false;
      for (const Value& w : super.items()) found |= Value::equal(v, w);
      if (!found) return false;
    }
    return true;
  }
  return false;
}

Value subset_(BuiltinCall& c, std::span<const Value> o) {
  const Kind a = o[0].kind(), b = o[1].kind();
  if (a == b && (a == Kind::object || a == Kind::set || a == Kind::array)) return Value::of(is_subset(o[0], o[1]));
  if (a == Kind::array && b == Kind::set) return Value::of(is_subset(o[0], o[1]));
  return c.fail_type("both arguments object.subset must be of the same type or array and set");
}

// ---- paths ----

// "a/b~1c" or ["a", 0]: keys. A string is a JSON pointer without the need of a leading slash.
bool path_of(BuiltinCall& c, const Value& v, std::vector<Value>& out) {
  if (v.is_array()) {
    out.assign(v.items().begin(), v.items().end());
    return true;
  }
  if (!v.is_string()) return false;
  std::string_view text = v.text();
  if (text.starts_with('/')) text.remove_prefix(1);
  while (true) {
    const auto slash = text.find('/');
    std::string part(text.substr(0, slash));
    for (size_t i = 0; i + 1 < part.size(); ++i) {
      if (part[i] == '~' && (part[i + 1] == '1' || part[i + 1] == '0')) {
        part[i] = part[i + 1] == '1' ? '/' : '~';
        part.erase(i + 1, 1);
      }
    }
    out.push_back(c.string(part));
    if (slash == std::string_view::npos) return true;
    text = text.substr(slash + 1);
  }
}

bool paths_of(BuiltinCall& c, std::span<const Value> o, std::vector<std::vector<Value>>& out) {
  std::span<const Value> items;
  if (!want_object(c, o, 0) || !want_collection(c, o, 1, items)) return false;
  for (const Value& v : items) {
    std::vector<Value> path;
    if (!path_of(c, v, path)) {
      c.fail_type("operand 2 must be one of {set, array} containing string paths or array of path segments but got " + std::string(to_string(v.kind())));
      return false;
    }
    out.push_back(std::move(path));
  }
  return true;
}

// An index into an array from a path's part: a number or its text.
std::optional<size_t> index_of(const Value& part, size_t size) {
  if (const auto n = whole_number(part)) return *n >= 0 && static_cast<size_t>(*n) < size ? std::optional<size_t>(static_cast<size_t>(*n)) : std::nullopt;
  if (!part.is_string() || part.text().empty() || part.text().size() > 9) return std::nullopt;
  size_t n = 0;
  for (char ch : part.text()) {
    if (ch < '0' || ch > '9') return std::nullopt;
    n = n * 10 + static_cast<size_t>(ch - '0');
  }
  return n < size ? std::optional<size_t>(n) : std::nullopt;
}

Value kept(Heap& heap, const Value& v, const std::vector<std::vector<Value>>& paths, size_t depth) {
  std::vector<std::vector<Value>> below;
  for (const auto& p : paths) {
    if (p.size() == depth) return v;
  }
  if (v.is_object()) {
    std::vector<Entry> out;
    for (const Entry& e : v.entries()) {
      below.clear();
      for (const auto& p : paths) {
        if (Value::equal(p[depth], e.key)) below.push_back(p);
      }
      if (!below.empty()) {
        const Value inner = kept(heap, e.value, below, depth + 1);
        if (inner) out.push_back({e.key, inner});
      }
    }
    return heap.sorted_object(out);
  }
  if (v.is_array()) {
    std::vector<Value> out;
    for (size_t i = 0; i < v.size(); ++i) {
      below.clear();
      for (const auto& p : paths) {
        if (index_of(p[depth], v.size()) == i) below.push_back(p);
      }
      if (below.empty()) continue;
      const Value inner = kept(heap, v.items()[i], below, depth + 1);
      if (inner) out.push_back(inner);
    }
    return heap.array(out);
  }
  if (v.is_set()) {
    std::vector<Value> out;
    for (const Value& e : v.elements()) {
      below.clear();
      for (const auto& p : paths) {
        if (Value::equal(p[depth], e)) below.push_back(p);
      }
      if (below.empty()) continue;
      const Value inner = kept(heap, e, below, depth + 1);
      if (inner) out.push_back(inner);
    }
    return heap.set(out);
  }
  return v;
}

Value without(Heap& heap, const Value& v, const std::vector<std::vector<Value>>& paths, size_t depth) {
  std::vector<std::vector<Value>> below;
  const auto gone = [&](const auto& matches) {
    below.clear();
    for (const auto& p : paths) {
      if (!matches(p[depth])) continue;
      if (p.size() == depth + 1) return true;
      below.push_back(p);
    }
    return false;
  };
  if (v.is_object()) {
    std::vector<Entry> out;
    for (const Entry& e : v.entries()) {
      if (gone([&](const Value& part) { return Value::equal(part, e.key); })) continue;
      out.push_back({e.key, below.empty() ? e.value : without(heap, e.value, below, depth + 1)});
    }
    return heap.sorted_object(out);
  }
  if (v.is_array()) {
    std::vector<Value> out;
    for (size_t i = 0; i < v.size(); ++i) {
      if (gone([&](const Value& part) { return index_of(part, v.size()) == i; })) continue;
      out.push_back(below.empty() ? v.items()[i] : without(heap, v.items()[i], below, depth + 1));
    }
    return heap.array(out);
  }
  if (v.is_set()) {
    std::vector<Value> out;
    for (const Value& e : v.elements()) {
      if (gone([&](const Value& part) { return Value::equal(part, e); })) continue;
      out.push_back(below.empty() ? e : without(heap, e, below, depth + 1));
    }
    return heap.set(out);
  }
  return v;
}

Value json_filter_(BuiltinCall& c, std::span<const Value> o) {
  std::vector<std::vector<Value>> paths;
  if (!paths_of(c, o, paths)) return {};
  if (paths.empty()) return c.heap.sorted_object({});
  return kept(c.heap, o[0], paths, 0);
}

Value json_remove_(BuiltinCall& c, std::span<const Value> o) {
  std::vector<std::vector<Value>> paths;
  if (!paths_of(c, o, paths)) return {};
  std::erase_if(paths, [](const auto& p) { return p.empty(); });
  return without(c.heap, o[0], paths, 0);
}

// ---- json.patch (RFC 6902, sets by value) ----

enum class Edit : uint8_t { add, remove, replace };

// The document with `value` at the path; undefined when the path does not lead anywhere.
Value edited(BuiltinCall& c, const Value& at, std::span<const Value> path, Edit edit, const Value& value) {
  if (path.empty()) return edit == Edit::remove ? Value() : value;
  const Value& key = path[0];
  const bool last = path.size() == 1;
  if (at.is_object()) {
    const Value child = at.find(key);
    if (!child && !(last && edit == Edit::add)) return {};
    std::vector<Entry> out;
    for (const Entry& e : at.entries()) {
      if (!Value::equal(e.key, key)) out.push_back(e);
    }
    if (!(last && edit == Edit::remove)) {
      const Value inner = last ? value : edited(c, child, path.subspan(1), edit, value);
      if (!inner) return {};
      out.push_back({key, inner});
    }
    return c.heap.object(out);
  }
  if (at.is_array()) {
    std::vector<Value> out(at.items().begin(), at.items().end());
    if (last && edit == Edit::add) {
      if (key.is_string() && key.text() == "-") {
        out.push_back(value);
        return c.heap.array(out);
      }
      const auto i = index_of(key, out.size() + 1);
      if (!i) return {};
      out.insert(out.begin() + static_cast<std::ptrdiff_t>(*i), value);
      return c.heap.array(out);
    }
    const auto i = index_of(key, out.size());
    if (!i) return {};
    if (last && edit == Edit::remove) {
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(*i));
    } else {
      out[*i] = last ? value : edited(c, out[*i], path.subspan(1), edit, value);
      if (!out[*i]) return {};
    }
    return c.heap.array(out);
  }
  if (at.is_set()) {
    const Value found = at.find(key);
    std::vector<Value> out;
    for (const Value& e : at.elements()) {
      if (!Value::equal(e, key)) out.push_back(e);
    }
    if (last && edit == Edit::add) {
      if (!Value::equal(key, value)) return {};
      out.push_back(value);
      return c.heap.set(out);
    }
    if (!found) return {};
    if (!(last && edit == Edit::remove)) {
      const Value inner = last ? value : edited(c, found, path.subspan(1), edit, value);
      if (!inner) return {};
      out.push_back(inner);
    }
    return c.heap.set(out);
  }
  return {};
}

Value value_at(const Value& root, std::span<const Value> path) {
  Value at = root;
  for (const Value& key : path) {
    if (at.is_array()) {
      const auto i = index_of(key, at.size());
      at = i ? at.items()[*i] : Value();
    } else {
      at = at.find(key);
    }
  }
  return at;
}

Value json_patch_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_array(c, o, 1)) return {};
  Value document = o[0];
  for (const Value& p : o[1].items()) {
    if (!p.is_object()) return c.fail_type("must be an array of JSON-Patch objects, but at least one element is not an object");
    const Value op = p.find("op");
    if (!op.is_string()) return c.fail("missing or invalid operation attribute 'op'");
    std::vector<Value> path, from;
    if (!p.find("path") || !path_of(c, p.find("path"), path)) return c.fail("missing required attribute 'path'");
    if (p.find("path").is_string() && p.find("path").text().empty()) path.clear();
    const std::string_view what = op.text();
    const bool needs_value = what == "add" || what == "replace" || what == "test", needs_from = what == "move" || what == "copy";
    const Value value = p.find("value");
    if (needs_value && !value) return c.fail("missing required attribute 'value'");
    if (needs_from && (!p.find("from") || !path_of(c, p.find("from"), from))) return c.fail("missing required attribute 'from'");
    if (needs_from && p.find("from").is_string() && p.find("from").text().empty()) from.clear();
    Value next;
    if (what == "add") {
      next = edited(c, document, path, Edit::add, value);
    } else if (what == "remove") {
      next = edited(c, document, path, Edit::remove, {});
    } else if (what == "replace") {
      next = edited(c, document, path, Edit::replace, value);
    } else if (what == "test") {
      const Value found = value_at(document, path);
      if (!found || !Value::equal(found, value)) return c.fail("test operation failed: value differs");
      next = document;
    } else if (what == "copy" || what == "move") {
      const Value moved = value_at(document, from);
      if (!moved) return c.fail("path does not exist");
      next = document;
      if (what == "move") next = from.empty() ? Value::null() : edited(c, document, from, Edit::remove, {});
      if (next) next = edited(c, next, path, Edit::add, moved);
    } else {
      return c.fail("unrecognized op '" + std::string(what) + "'");
    }
    if (!next) return c.fail("path does not exist");
    document = next;
  }
  return document;
}

constexpr Builtin kTable[] = {
    {"object.get", 3, get_},          {"object.keys", 1, keys_},       {"object.filter", 2, filter_}, {"object.remove", 2, remove_},
    {"object.union", 2, union_},      {"object.union_n", 1, union_n_}, {"object.subset", 2, subset_}, {"json.filter", 2, json_filter_},
    {"json.remove", 2, json_remove_}, {"json.patch", 2, json_patch_},
};

}  // namespace

std::span<const Builtin> objects_builtins() { return kTable; }

}  // namespace waybill::rego
