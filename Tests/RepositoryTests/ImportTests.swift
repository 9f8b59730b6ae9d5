import Testing

@Suite struct ImportTests {
  @Test("every folder of Sources is in the table of who may import whom, and the table is acyclic")
  func table() throws {
    let folders = Set(
      try Repository.paths(below: "Sources").compactMap { $0.split(separator: "/").dropFirst().first })
    let known = ImportRules.targets.map(\.name) + ImportRules.systemLibraries
    #expect(Set(folders.map(String.init)) == Set(known))
    var earlier: Set<String> = []
    for target in ImportRules.targets {
      // Only the program may use the adapter and the client; everything else comes before what uses it.
      #expect(target.own.isSubset(of: earlier), "\(target.name)")
      earlier.insert(target.name)
    }
    for (module, keepers) in ImportRules.keepers {
      let users = ImportRules.targets.filter { $0.outside.contains(module) }.map(\.name)
      #expect(Set(users) == keepers, "\(module)")
    }
    for target in ImportRules.targets where target.outside.contains(where: { $0.hasPrefix("NIO") }) {
      #expect(["HTTPEdge", "Client"].contains(target.name))
    }
  }

  @Test("imports go one way", arguments: ImportRules.targets)
  func imports(target: ImportRules.Target) throws {
    let files = try Repository.files(below: "Sources/\(target.name)", ending: ".swift")
    #expect(!files.isEmpty)
    for file in files {
      for module in ImportRules.imports(in: file.text) {
        let isAllowed = target.own.contains(module) || target.outside.contains(module)
        #expect(isAllowed, "\(file.path) imports \(module), which \(target.name) may not")
      }
    }
  }

  @Test("Package.swift lets no target depend on more than it may import")
  func package() throws {
    let dependencies = ImportRules.dependencies(in: try Repository.file("Package.swift").text)
    let all = Set(ImportRules.targets.map(\.name))
    #expect(dependencies["Platform"] == ["Vocabulary", "CLibCrypto", "CLinux", "CZlib"])
    for target in ImportRules.targets {
      let names = try #require(dependencies[target.name], "\(target.name) is not in Package.swift")
      let surplus = names.subtracting(target.own).subtracting(target.outside)
      #expect(surplus.isEmpty, "\(target.name) depends on \(surplus.sorted())")
    }
    // Nothing but tests and their helpers depends on the program or on the helpers.
    for target in ImportRules.targets { #expect(dependencies[target.name]?.contains("TestSupport") == false) }
    #expect(all.isSubset(of: dependencies.keys))
  }

  @Test("the reader of imports knows every form of them")
  func forms() {
    let text = """
      import A
      public import B
      @preconcurrency import C
      import struct D.Thing
        @_spi(Inner) package import E
      // import F
      let text = "import G"
      """
    #expect(ImportRules.imports(in: text) == ["A", "B", "C", "D", "E"])
  }
}
