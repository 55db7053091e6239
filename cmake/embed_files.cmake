# cmake -DROOT=dir -DOUT=x.cc "-DFILES=a;b" -DNAMESPACE=waybill::x -DFUNCTION=embedded_files -P embed_files.cmake
# Makes `std::span<const std::pair<std::string_view, std::string_view>> FUNCTION()`: names relative to ROOT, sorted, and
# the files' text in pieces that every compiler takes.
list(SORT FILES)
file(WRITE ${OUT}.new "// Made by cmake/embed_files.cmake: do not edit.\n#include <span>\n#include <string_view>\n#include <utility>\n\nnamespace ${NAMESPACE} {\n"
  "using EmbeddedText = std::pair<std::string_view, std::string_view>;\nstd::span<const EmbeddedText> ${FUNCTION}();\nnamespace {\n")
set(table "")
set(n 0)
foreach(path IN LISTS FILES)
  file(RELATIVE_PATH name ${ROOT} ${path})
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR bytes "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${hex}")
  file(APPEND ${OUT}.new "constexpr unsigned char kBytes${n}[] = {${list}0};\n")
  string(APPEND table "    {\"${name}\", {reinterpret_cast<const char*>(kBytes${n}), ${bytes}}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(APPEND ${OUT}.new "const EmbeddedText kFiles[] = {\n${table}};\n}  // namespace\n\nstd::span<const EmbeddedText> ${FUNCTION}() { return kFiles; }\n\n}  // namespace ${NAMESPACE}\n")
file(RENAME ${OUT}.new ${OUT})
