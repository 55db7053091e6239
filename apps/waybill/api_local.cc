#include "apps/waybill/api_local.h"

#include "apps/waybill/version.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/server/routes.h"
#include "waybill/server/world.h"
#include "waybill/store/lock.h"

namespace waybill::cli {
namespace {

class LocalApi final : public Api {
 public:
  LocalApi(std::unique_ptr<server::World> world, std::string dir, std::string at) : world_(std::move(world)), dir_(std::move(dir)), site_{.world = *world_} {
    at_ = std::move(at);
    site_.version = kVersion;
  }
  std::string where() const override { return dir_; }

  Result<http::Answer> call(std::string_view method, const std::string& target, std::string_view body, const http::Headers& headers) override {
    http::Request request;
    const auto question = target.find('?');
    const auto path = http::percent_decode(std::string_view(target).substr(0, question));
    request.method = method;
    request.target = target;
    request.path = path ? std::string_view(*path) : std::string_view(target).substr(0, question);
    request.query = question == std::string::npos ? std::string_view{} : std::string_view(target).substr(question + 1);
    request.body = body;
    request.peer = "local";
    request.headers = &headers;
    http::Response response = server::dispatch(site_, request);
    http::Answer answer;
    answer.status = response.status;
    answer.headers = std::move(response.headers);
    answer.body = std::move(response.body);
    if (response.stream)
      response.stream([&answer](std::string_view piece) {
        answer.body += piece;
        return true;
      });
    return answer;
  }

 private:
  std::unique_ptr<server::World> world_;
  std::string dir_;
  server::Site site_;
};

}  // namespace

Result<std::unique_ptr<Api>> open_local(const std::string& data_dir, Access access, const std::string& at) {
  if (access == Access::read && !Disk::system().exists(data_dir + "/waybill.db"))
    return fail(Error(Code::not_found, "there is no Waybill data here")
                    .at(data_dir)
                    .next("name a server (--server, WAYBILL_SERVER) or a data directory (--data-dir); `waybill demo` makes one to look at"));
  server::WorldOptions options;
  options.data_dir = data_dir;
  options.mode = access == Access::read ? log::Mode::read_only : log::Mode::write;
  options.keep_verdicts = false;
  auto world = server::World::open(std::move(options));
  if (!world) return fail(std::move(world).error());
  return std::unique_ptr<Api>(new LocalApi(std::move(*world), data_dir, at));
}

std::optional<Holder> find_holder(const std::string& data_dir) {
  const auto found = store::DirectoryLock::find_holder(data_dir);
  if (!found) return std::nullopt;
  Holder holder;
  holder.pid = found->pid;
  holder.address = found->address;
  if (const auto token = Disk::system().read_file(data_dir + "/keys/local.token", 4096)) holder.token = trim(*token);
  return holder;
}

}  // namespace waybill::cli
