# Chooses the slot that starts, counts one of its tries down, and starts it. The same script for all boards.
# Never: an end without a slot to start; a command that one of Debian's builds of U-Boot lacks (none of them adds).
#
# The boot state, and what a slot goes through, are described in src/update/bootstate.

# Where the board keeps its console, and where a kernel of Debian's size has room: U-Boot's own addresses are too narrow.
if load ${devtype} ${devnum}:1 ${kernel_addr_r} board.env; then
  env import -t ${kernel_addr_r} ${filesize} board_args kernel_addr_r ramdisk_addr_r fdt_addr_r
fi
setenv fields a_good a_tries b_good b_tries reason_a reason_b reset seq slot
setenv ram ${kernel_addr_r}
# The partition of the boot state begins at 80 MiB on every board. Sectors of 512 bytes, in hexadecimal.
setenv copy_1 28000
setenv copy_2 28400
${devtype} dev ${devnum}

# The place of each copy in the row 0, 1, 2, 0; x for a copy that is not whole. An import leaves names alone that the copy
# lacks: they are forgotten first.
setenv seq_1 x
for name in ${fields}; do setenv ${name}; done
if ${devtype} read ${ram} ${copy_1} 8; then
  if env import -c ${ram} 0x1000 ${fields}; then
    for n in 0 1 2; do if itest.s "x${seq}" == x${n}; then setenv seq_1 ${n}; fi; done
  fi
fi
setenv seq_2 x
for name in ${fields}; do setenv ${name}; done
if ${devtype} read ${ram} ${copy_2} 8; then
  if env import -c ${ram} 0x1000 ${fields}; then
    for n in 0 1 2; do if itest.s "x${seq}" == x${n}; then setenv seq_2 ${n}; fi; done
  fi
fi

# The newer one counts, and this start is written over the other one. Without any: as from the factory.
setenv newer none
for pair in 0x 1x 2x 00 11 22 02 10 21; do
  if itest.s "${seq_1}${seq_2}" == ${pair}; then setenv newer ${copy_1}; setenv older ${copy_2}; fi
done
for pair in x0 x1 x2 01 12 20; do
  if itest.s "${seq_1}${seq_2}" == ${pair}; then setenv newer ${copy_2}; setenv older ${copy_1}; fi
done
if itest.s ${newer} == none; then
  setenv older ${copy_1}
  setenv slot a; setenv reset none; setenv seq 2
  setenv a_tries 3; setenv a_good 0; setenv reason_a none
  setenv b_tries 3; setenv b_good 0; setenv reason_b none
else
  for name in ${fields}; do setenv ${name}; done
  if ${devtype} read ${ram} ${newer} 8; then env import -c ${ram} 0x1000 ${fields}; fi
fi
setenv next 0
if itest.s "x${seq}" == x0; then setenv next 1; fi
if itest.s "x${seq}" == x1; then setenv next 2; fi
setenv seq ${next}
if itest.s "x${slot}" == xb; then setenv slot b; else setenv slot a; fi
if itest.s "x${reason_a}" == x; then setenv reason_a none; fi
if itest.s "x${reason_b}" == x; then setenv reason_b none; fi

# What a start would leave of each slot's tries; none for a slot that is spent.
setenv left_a none
if itest.s "x${a_tries}" == x3; then setenv left_a 2; fi
if itest.s "x${a_tries}" == x2; then setenv left_a 1; fi
if itest.s "x${a_tries}" == x1; then setenv left_a 0; fi
if itest.s ${left_a} == none; then setenv a_tries 0; fi
setenv left_b none
if itest.s "x${b_tries}" == x3; then setenv left_b 2; fi
if itest.s "x${b_tries}" == x2; then setenv left_b 1; fi
if itest.s "x${b_tries}" == x1; then setenv left_b 0; fi
if itest.s ${left_b} == none; then setenv b_tries 0; fi

if itest.s "${slot} ${left_a} ${reason_a}" == "a none none"; then setenv reason_a tries; fi
if itest.s "${slot} ${left_b} ${reason_b}" == "b none none"; then setenv reason_b tries; fi
if itest.s ${left_a}${left_b} == nonenone; then
  setenv a_tries 3; setenv left_a 2
  setenv b_tries 3; setenv left_b 2
fi
setenv start ${slot}
if itest.s ${slot}${left_a} == anone; then setenv start b; fi
if itest.s ${slot}${left_b} == bnone; then setenv start a; fi
if itest.s ${start} == a; then setenv a_tries ${left_a}; else setenv b_tries ${left_b}; fi
env export -c -s 0x1000 ${ram} ${fields}
${devtype} write ${ram} ${older} 8

echo "Alcove: slot ${start}"
setenv bootargs ${board_args} alcove.slot=${start} panic=5 gpt ro quiet
setenv part 3
if itest.s ${start} == b; then setenv part 4; fi
setenv tree ${fdtcontroladdr}
if itest.s "x${fdt_addr_r}" != x; then
  if load ${devtype} ${devnum}:${part} ${fdt_addr_r} board.dtb; then setenv tree ${fdt_addr_r}; fi
fi
if load ${devtype} ${devnum}:${part} ${kernel_addr_r} vmlinuz; then
  if load ${devtype} ${devnum}:${part} ${ramdisk_addr_r} initrd; then
    booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${tree}
  fi
fi

# Nothing was started, and another try of this slot would find the same.
echo "Alcove: slot ${start} could not be loaded"
if itest.s ${start} == a; then
  setenv a_tries 0; setenv a_good 0; setenv reason_a load
else
  setenv b_tries 0; setenv b_good 0; setenv reason_b load
fi
env export -c -s 0x1000 ${ram} ${fields}
${devtype} write ${ram} ${older} 8
reset
