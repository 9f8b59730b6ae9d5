import Foundation
import Glibc
import TestSupport
import Testing

/// A data folder on a file system of its own that is filled to the brim.
@Suite struct FullDiskTests {
  private static let fileBytes = 3 << 20

  @Test(
    "507 before the disk is full; other uploads are unharmed, deleting makes room, all goes on without a restart",
    .enabled(if: LoopDisk.isAvailable, "needs root, loop devices and mkfs.ext4"))
  func filled() async throws { try await blocking { try Self.fillAndRecover() } }

  private static func fillAndRecover() throws {
    let disk = try LoopDisk(mebibytes: 64)
    let server = try GatewayProcess.running(dataFolder: disk.path + "/data")
    defer { _ = server.stop() }
    let half = try server.upload(length: 1_000_000)
    #expect(try patch(server, half, from: 0, to: 400_000).status == 204)
    let whole = try server.upload(length: 1_000_000)
    #expect(try patch(server, whole, from: 0, to: 1_000_000).status == 204)

    let (filling, refused) = try fill(server)
    try fillRest(server)
    print("\(filling.count) uploads, \(try disk.freeBytes()) bytes free, then \(refused)")
    #expect(refused == 507)
    #expect(filling.count > 10)
    #expect(try disk.freeBytes() > 1 << 20)
    #expect(try server.creation(length: 10).code == "storage-full")
    #expect(try patch(server, half, from: 400_000, to: 1_000_000).status == 507)

    for (path, offset) in filling { #expect(try server.offset(of: path) == offset) }
    #expect(try server.offset(of: half) == 400_000)
    #expect(try server.request("GET", whole).body == pattern(0, 1_000_000))
    #expect(try server.json("GET", "/api/v1/status").status == 200)

    try foreignFile(disk) { try survive(server, half, whole) }

    #expect(try server.creation(length: 10).status == 507)
    for (path, _) in filling {
      #expect(try server.request("DELETE", path, TusRequests.version).status == 204)
    }
    try eventually("room again") { try patch(server, half, from: 400_000, to: 1_000_000).status == 204 }
    #expect(try server.request("GET", half).body == pattern(0, 1_000_000))
    let next = try server.upload(length: fileBytes)
    #expect(try patch(server, next, from: 0, to: fileBytes).status == 204)
    // Three files are complete: each one is committed as a bundle, although the disk was full in between.
    try eventually("committed") { try committed(server) == 3 }
    #expect(try server.request("GET", next).body == pattern(0, fileBytes))
    #expect(server.stop() == 0)
    let check = try runProgram(
      try GatewayProcess.binary, ["doctor", "--deep", "--data", disk.path + "/data"])
    #expect(check.status == 0, "\(check)")
  }

  private static func committed(_ server: GatewayProcess) throws -> Int? {
    let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
    return (uploads?["byState"] as? [String: Any])?["committed"] as? Int
  }

  /// Uploads until one is refused: their paths and offsets, and the status of the refusal.
  private static func fill(_ server: GatewayProcess) throws -> ([(path: String, offset: Int)], Int) {
    var paths: [(path: String, offset: Int)] = []
    while paths.count < 100 {
      let created = try server.creation(length: fileBytes)
      guard created.status == 201,
        let location = created.headers["location"].flatMap(URL.init(string:))
      else { return (paths, created.status) }
      let answer = try patch(server, location.path, from: 0, to: fileBytes - 1)
      paths.append((location.path, try server.offset(of: location.path) ?? -1))
      if answer.status != 204 { return (paths, answer.status) }
    }
    return (paths, 0)
  }

  /// The last bytes of room: a large piece is refused when it does not fit as a whole.
  private static func fillRest(_ server: GatewayProcess) throws {
    for count in [1 << 19, 1 << 16, 1 << 12, 1 << 8, 1 << 4, 1] {
      var status = 204
      while status == 204 {
        let created = try server.creation(length: fileBytes)
        guard created.status == 201, let location = created.headers["location"].flatMap(URL.init(string:))
        else { return }
        status = try patch(server, location.path, from: 0, to: count).status
      }
    }
  }

  /// What does not need space goes on even when another program has taken the reserve.
  private static func survive(_ server: GatewayProcess, _ half: String, _ whole: String) throws {
    #expect(try server.offset(of: half) == 400_000)
    #expect(try server.request("GET", whole).body == pattern(0, 1_000_000))
    #expect(try server.creation(length: 10).status == 507)
  }

  private static func foreignFile(_ disk: LoopDisk, _ body: () throws -> Void) throws {
    let path = disk.path + "/foreign"
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    let block = [UInt8](repeating: 1, count: 64 << 10)
    while write(file, block, block.count) > 0 {}
    close(file)
    defer { unlink(path) }
    #expect(try disk.freeBytes() < 64 << 10)
    try body()
  }

  private static func pattern(_ start: Int, _ end: Int) -> [UInt8] {
    (start..<end).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  /// A refusal may come while the body is still being sent.
  private static func patch(_ server: GatewayProcess, _ path: String, from start: Int, to end: Int) throws
    -> RawConnection.Answer
  {
    let connection = try server.connect()
    try connection.send(RawConnection.head("PATCH", path, TusRequests.patch(start), length: end - start))
    try? connection.send(pattern(start, end))
    return try connection.answer()
  }
}

/// An ext4 file system in a file, mounted as long as the value lives.
final class LoopDisk {
  let path: String
  private let image: String

  struct Failure: Error { let result: ProgramResult }

  static var isAvailable: Bool {
    guard getuid() == 0, let disk = try? LoopDisk(mebibytes: 4) else { return false }
    return FileManager.default.fileExists(atPath: disk.path)
  }

  init(mebibytes: Int) throws {
    let name = NSTemporaryDirectory() + "sheaf-loop-" + UUID().uuidString
    path = name
    image = name + ".image"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try Self.run("truncate", "-s", "\(mebibytes)M", image)
    // Without blocks that only root may use, free is what it says.
    try Self.run("mkfs.ext4", "-q", "-F", "-m", "0", image)
    try Self.run("mount", "-o", "loop", image, path)
  }
  deinit {
    try? Self.run("umount", "--lazy", path)
    rmdir(path)
    unlink(image)
  }

  func freeBytes() throws -> Int64 {
    let free = try FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize]
    return (free as? NSNumber)?.int64Value ?? -1
  }

  private static func run(_ words: String...) throws {
    let result = try runProgram(
      "/usr/bin/env", words, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
    guard result.status == 0 else { throw Failure(result: result) }
  }
}
