import Foundation
import Platform
import TestSupport
import Testing

/// Pushes and bundles without files (C29), on the built binary.
@Suite struct EmptyBundleTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment = "needs TEST_PYTHON, a Python with bagit; .ci/test installs it"

  private func run(_ script: String, _ arguments: [String], in folder: TemporaryFolder) throws -> String {
    let result = try RunningProgram(
      try #require(Self.python), ["-c", script] + arguments, environment: ["LC_ALL": "C.UTF-8"],
      workingFolder: folder.path
    ).wait()
    try #require(result.status == 0, "\(result)")
    return result.output
  }

  /// Two bundles of one repo: `empty`, and `full` with one file.
  private func twoBundles() throws -> (GatewayProcess, ClientMachine) {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    let empty = try machine.ask(
      server,
      ["push", machine.source, "--repo", "r", "-m", "m", "--label", "empty", "--allow-empty", "--json"])
    try #require(empty.status == 0, "\(empty)")
    #expect(try empty.number("files") == 0)
    try machine.folder.write("one", to: "source/a/file")
    let full = try machine.ask(
      server, ["push", machine.source, "--repo", "r", "-m", "m", "--label", "full", "--allow-empty"])
    try #require(full.status == 0, "\(full)")
    return (server, machine)
  }

  @Test("C29 an empty folder is not pushed unless --allow-empty says so")
  func refused() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    let arguments = ["push", machine.source, "--repo", "r", "-m", "m"]
    let refused = try machine.ask(server, arguments)
    #expect(refused.status == 2)
    #expect(
      refused.errors.contains("there are no files to push; --allow-empty makes an empty bundle"), "\(refused)"
    )
    #expect(try server.items("/api/v1/pushes").isEmpty && server.items("/api/v1/repos").isEmpty)
    let opened = try server.json("POST", "/api/v1/pushes", ["repo": "r", "message": "m"])
    #expect(opened.object["allowEmpty"] as? Bool == false)
    let id = try #require(opened.object["id"] as? String)
    let into = try machine.ask(server, ["push", machine.source, "--into", id])
    #expect(into.status == 2 && !into.errors.contains("--allow-empty"), "\(into)")
    #expect(try machine.ask(server, ["push", machine.source, "--into", id, "--allow-empty"]).status == 2)
    let seal = try machine.ask(server, ["pushes", "seal", id])
    #expect(seal.status == 1 && seal.errors.contains("allowEmpty"), "\(seal)")
    #expect(try server.items("/api/v1/repos/r/bundles").isEmpty)
  }

  @Test("C29 a push opened with allowEmpty, and one of a source, become empty bundles")
  func opened() throws {
    let folder = try TemporaryFolder()
    try LinuxFileSystem().makeFolder(folder.child("nothing"))
    let server = try GatewayProcess.running(["--source", "disk=\(folder.path)"])
    let machine = try ClientMachine()
    let fields: [String: Any] = ["repo": "r", "message": "m", "allowEmpty": true]
    let waiting = try server.json("POST", "/api/v1/pushes", fields)
    #expect(waiting.status == 201 && waiting.object["allowEmpty"] as? Bool == true)
    let id = try #require(waiting.object["id"] as? String)
    #expect(try server.json("POST", "/api/v1/pushes/\(id)/seal").status == 202)
    let complete = try server.json(
      "POST", "/api/v1/pushes", fields.merging(["files": [String](), "sealWhenComplete": true]) { $1 })
    #expect(complete.status == 201 && complete.object["state"] as? String != "open", "\(complete)")
    let shared = try machine.ask(
      server, ["push", "--repo", "r", "-m", "m", "--no-seal", "--allow-empty", "--json"])
    let open = try #require(try shared.object["push"] as? String, "\(shared)")
    #expect(try machine.ask(server, ["pushes", "seal", open]).status == 0)
    let source = ["source", "push", "disk/nothing", "--repo", "r", "-m", "m", "--wait"]
    let failed = try machine.ask(server, source)
    #expect(failed.status == 1 && failed.errors.contains("allowEmpty"), "\(failed)")
    let taken = try machine.ask(server, source + ["--allow-empty"])
    #expect(taken.status == 0, "\(taken)")
    try eventually("all four are bundles") { try server.items("/api/v1/repos/r/bundles").count == 4 }
    let bundles = try server.items("/api/v1/repos/r/bundles")
    #expect(bundles.allSatisfy { $0["fileCount"] as? Int == 0 && $0["byteCount"] as? Int == 0 })
    #expect(
      try server.json("POST", "/api/v1/pushes", ["repo": "r", "message": "m", "files": [String]()]).status
        == 400)
  }

  @Test("C29 an empty bundle is shown, listed, compared, pulled and verified like any other")
  func read() throws {
    let (server, machine) = try twoBundles()
    let root = "/api/v1/repos/r/bundles/empty"
    #expect(try server.items("\(root)/files").isEmpty && server.items("\(root)/tree").isEmpty)
    #expect(try server.request("GET", "\(root)/tree/a").status == 404)
    #expect(try server.request("GET", "\(root)/files/a").status == 404)
    for (name, other, change) in [("empty", "full", "added"), ("full", "empty", "deleted")] {
      let diff = try server.items("/api/v1/repos/r/bundles/\(name)/diff/\(other)")
      #expect(diff.map { $0["change"] as? String } == [change])
      #expect(try server.request("GET", "/ui/repos/r/bundles/\(name)/diff/\(other)").status == 200)
    }
    #expect(try server.items("\(root)/diff/empty").isEmpty)
    for path in ["", "/tree"] {
      #expect(try server.request("GET", "/ui/repos/r/bundles/empty\(path)").status == 200, "\(path)")
    }
    #expect(try server.request("GET", "/ui/repos/r").status == 200)
    let check = try server.json("POST", "\(root)/verify?deep=1")
    #expect(check.status == 200 && check.object["files"] as? Int == 0, "\(check)")
    for arguments in [
      ["bundle", "show", "r@empty"], ["bundle", "files", "r@empty"], ["verify", "r@empty", "--deep"],
      ["log", "r"],
      ["pull", "r@empty", "--to", "copy"], ["verify", "r@empty", "--dir", "copy"],
    ] {
      let result = try machine.ask(server, arguments)
      #expect(result.status == 0, "\(arguments): \(result)")
    }
    #expect(try ClientMachine.tree(machine.folder.child("copy")).isEmpty)
    let filled = try machine.ask(server, ["pull", "r@full", "--to", "copy"])
    #expect(filled.status == 0, "\(filled)")
    #expect(try ClientMachine.tree(machine.folder.child("copy")).count == 1)
  }

  @Test(
    "C29 an empty bundle is a whole tar, zip and bag, exported and streamed",
    .enabled(if: python != nil, hint))
  func archives() throws {
    let (server, machine) = try twoBundles()
    for name in ["tar", "zip", "bag.tar", "zip?compress=deflate"] {
      let answer = try server.request("GET", "/api/v1/repos/r/bundles/empty.\(name)")
      try #require(answer.status == 200)
      try machine.folder.write(answer.body, to: "archive.\(name.prefix { $0 != "?" })")
      guard name.hasPrefix("zip") else { continue }
      let script = "import zipfile; z = zipfile.ZipFile('archive.zip'); print(z.testzip(), z.namelist())"
      #expect(try run(script, [], in: machine.folder) == "None []\n", "\(name)")
    }
    let names = "import tarfile; print(tarfile.open('archive.tar').getnames())"
    #expect(try run(names, [], in: machine.folder) == "[]\n")
    let exported = try machine.ask(server, ["bag", "export", "r@empty", "--to", "bag"])
    #expect(exported.status == 0, "\(exported)")
    let unpack = "import tarfile; tarfile.open('archive.bag.tar').extractall('.')"
    _ = try run(unpack, [], in: machine.folder)
    for bag in ["bag", "r-1"] {
      let script =
        "import bagit, sys; b = bagit.Bag(sys.argv[1]); b.validate(); print(b.info['Payload-Oxum'])"
      #expect(try run(script, [bag], in: machine.folder) == "0.0\n", "\(bag)")
    }
  }

  @Test("C29 an empty bundle is collected when it is deleted, and leaves a sound data folder")
  func collected() throws {
    let (server, machine) = try twoBundles()
    #expect(try machine.ask(server, ["gc", "--json"]).object["removedObjects"] as? Int == 0)
    #expect(server.stop() == 0)
    let check = try machine.run(["doctor", "--deep", "--data", server.dataFolder])
    #expect(check.status == 0, "\(check)")
    try server.start()
    #expect(try machine.ask(server, ["verify", "r@empty", "--deep"]).status == 0)
    #expect(try server.request("DELETE", "/api/v1/repos/r/labels/empty").status == 204)
    let bundles = try server.items("/api/v1/repos/r/bundles")
    let empty = try #require(bundles.last?["id"] as? String)
    #expect(try server.request("DELETE", "/api/v1/repos/r/bundles/\(empty)").status == 204)
    #expect(try machine.ask(server, ["gc", "--json"]).object["removedObjects"] as? Int == 1)
    #expect(try machine.ask(server, ["verify", "r@full", "--deep"]).status == 0)
    #expect(server.stop() == 0)
    #expect(try machine.run(["doctor", "--deep", "--data", server.dataFolder]).status == 0)
  }
}
